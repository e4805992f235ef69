import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { DamagedFileError } from '../errors.ts';
import type { FileHash } from './backbone.ts';

/** Hex. */
export async function hashOfFile(file: string, algorithm: FileHash['algorithm']): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** @param advice what to do instead @throws DamagedFileError */
export async function assertFileHash(
  file: string,
  name: string,
  { algorithm, hex }: FileHash,
  advice = 'get it again',
): Promise<void> {
  const received = await hashOfFile(file, algorithm);
  if (received === hex) return;
  throw new DamagedFileError(
    `expected ${algorithm.toUpperCase()} ${hex} for "${name}", received ${received}; it is another file or arrived damaged, ${advice}`,
  );
}
