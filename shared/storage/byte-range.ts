import { InvalidInputError } from '../errors.ts';
import type { ByteRange } from './object-store.ts';

/** Offsets within one object, in bytes: `0 <= start <= end <= size`. */
export interface ResolvedByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/**
 * Turns a range into offsets. An `end` past the size is cut to it, a negative `start` before the first byte is 0.
 *
 * @throws InvalidInputError (`invalid_range`) when the range would be empty: HTTP cannot express that, and S3 answers it with an
 *   error or with the whole object
 */
export function resolveByteRange(range: ByteRange | undefined, sizeBytes: number, key: string): ResolvedByteRange {
  if (range === undefined) return { start: 0, end: sizeBytes };
  const start = range.start < 0 ? Math.max(0, sizeBytes + range.start) : range.start;
  const end = Math.min(range.end ?? sizeBytes, sizeBytes);
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start >= end) {
    throw new InvalidInputError(
      `expected a range of whole bytes within the ${sizeBytes} bytes of "${key}", got ` +
        `${range.start} to ${range.end ?? 'the end'}; ask for at least one byte that exists`,
      { code: 'invalid_range' },
    );
  }
  return { start, end };
}
