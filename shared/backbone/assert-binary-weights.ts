import { closeSync, openSync, readSync } from 'node:fs';
import { DamagedFileError } from '../errors.ts';

/** Enough to see what a file is. */
const HEAD_BYTES = 512;

/** The first bytes of a file; fewer when it is shorter. */
export function readHead(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const head = new Uint8Array(HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/**
 * Refuses what a network hands out instead of weights: nothing, a log-in page, an error message.
 *
 * @throws DamagedFileError
 */
export function assertBinaryWeights(head: Uint8Array, fileName: string): void {
  if (head.length === 0) {
    throw new DamagedFileError(`expected weights in "${fileName}", received an empty file; download it again`);
  }
  const text = new TextDecoder('latin1').decode(head).trimStart().toLowerCase();
  if (text.startsWith('<!doctype') || text.startsWith('<html') || text.startsWith('<?xml')) {
    throw new DamagedFileError(
      `expected weights in "${fileName}", received a web page; log in to your network or give the file's own address, ` +
        'then download it again',
    );
  }
  if (text.startsWith('version https://git-lfs')) {
    throw new DamagedFileError(
      `expected weights in "${fileName}", received a Git LFS pointer; run \`git lfs pull\` or download the file itself`,
    );
  }
}
