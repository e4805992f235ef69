import { readFile } from 'node:fs/promises';

/** Memory that a process has in use, or with `peak` had at most: Linux' VmRSS and VmHWM. NaN elsewhere. */
export async function residentBytes(processId: number, kind: 'now' | 'peak' = 'now'): Promise<number> {
  const status = await readFile(`/proc/${processId}/status`, 'utf8').catch(() => '');
  const name = kind === 'now' ? 'VmRSS' : 'VmHWM';
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024;
}
