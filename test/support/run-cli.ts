import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const LAUNCHER = path.resolve(import.meta.dirname, '../../bin/headstart.js');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunCliOptions {
  /** HEADSTART_HOME of the run: a folder of the test. */
  readonly home: string;
  readonly cwd?: string;
  /** Called with the process and what it has written to standard error so far. */
  readonly onStderr?: (child: ChildProcess, text: string) => void;
}

/** Runs `headstart` as a user would, in a process of its own. */
export function runCli(args: readonly string[], { home, cwd, onStderr }: RunCliOptions): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: cwd ?? home,
      env: { ...process.env, HEADSTART_HOME: home, HEADSTART_MIRROR: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      onStderr?.(child, stderr);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
