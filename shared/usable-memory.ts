import { totalmem } from 'node:os';

/** Bytes of the machine, the function or the container, whichever is least: in use or not. */
export function usableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
