import { readFileSync } from 'node:fs';

/** Of this package. A bundle defines HEADSTART_VERSION at build time, since it carries no package.json. */
export function headstartVersion(): string {
  const fromBundle = process.env.HEADSTART_VERSION;
  if (fromBundle !== undefined && fromBundle !== '') return fromBundle;
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
