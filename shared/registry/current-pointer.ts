import { DamagedFileError } from '../errors.ts';
import { VERSION_PATTERN } from './model-version.ts';

/** More rollbacks in a row than anyone does; keeps the file small. */
export const MAX_PREVIOUS = 50;

export interface ServedVersion {
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly promotedAt: string;
}

/** `current.json`: which version is served, and which were before it. */
export interface CurrentPointer extends ServedVersion {
  /**
   * Grows with every change, so that no state of the file ever comes back and a compare-and-swap cannot mistake one
   * for another.
   */
  readonly sequence: number;
  /** The most recently served first, at most MAX_PREVIOUS. A rollback takes from its front. */
  readonly previous: readonly ServedVersion[];
}

export function pointTo(version: string, promotedAt: string, current: CurrentPointer | null): CurrentPointer {
  if (current === null) return { version, promotedAt, sequence: 1, previous: [] };
  const last = { version: current.version, promotedAt: current.promotedAt };
  return {
    version,
    promotedAt,
    sequence: current.sequence + 1,
    previous: [last, ...current.previous].slice(0, MAX_PREVIOUS),
  };
}

/** @param index in `previous`; it and those before it leave the history */
export function pointBack(current: CurrentPointer, index: number, promotedAt: string): CurrentPointer | null {
  const target = current.previous[index];
  if (target === undefined) return null;
  const previous = current.previous.slice(index + 1);
  return { version: target.version, promotedAt, sequence: current.sequence + 1, previous };
}

export function pointerBytes({ version, promotedAt, sequence, previous }: CurrentPointer): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ version, promotedAt, sequence, previous }, null, 2)}\n`);
}

/** @throws DamagedFileError */
export function parsePointer(bytes: Uint8Array, location: string): CurrentPointer {
  const pointer = safeParsePointer(bytes);
  if (pointer !== null) return pointer;
  throw new DamagedFileError(
    `expected the served version in "${location}", got something else; promote a version to write it anew`,
  );
}

/** Null when the bytes are no pointer. */
export function safeParsePointer(bytes: Uint8Array): CurrentPointer | null {
  try {
    const value = asRecord(JSON.parse(new TextDecoder().decode(bytes)));
    const served = parseServed(value);
    const { sequence, previous } = value;
    if (served === null || typeof sequence !== 'number' || !Array.isArray(previous)) return null;
    const parsed = previous.map((item) => parseServed(asRecord(item))).filter((item) => item !== null);
    return parsed.length === previous.length ? { ...served, sequence, previous: parsed } : null;
  } catch {
    return null;
  }
}

function parseServed({ version, promotedAt }: Record<string, unknown>): ServedVersion | null {
  const isValid = typeof version === 'string' && VERSION_PATTERN.test(version) && typeof promotedAt === 'string';
  return isValid ? { version, promotedAt } : null;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
