import { InvalidInputError } from '../errors.ts';

/** What S3 allows for one key, in UTF-8 bytes; kept everywhere, so that a folder can be moved to a bucket. */
export const MAX_KEY_BYTES = 1024;

/**
 * Refuses a key that could leave a store's root or that one of the stores could not hold.
 *
 * @throws InvalidInputError (`invalid_key`) for an empty key or segment, `.` or `..`, a leading or trailing `/`, a NUL character,
 *   another control character (U+0001 to U+001F, U+007F: the XML of a listing cannot hold them), a lone surrogate, or more than
 *   MAX_KEY_BYTES
 */
export function assertObjectKey(key: string): void {
  const problem = key === '' ? 'it is empty' : (characterProblem(key) ?? segmentProblem(key.split('/')));
  if (problem !== null) throw invalidKey('key', key, problem);
}

/**
 * As assertObjectKey, for the start of a key: the text behind the last `/` may be anything, also empty.
 *
 * @throws InvalidInputError (`invalid_key`)
 */
export function assertKeyPrefix(prefix: string): void {
  const problem = characterProblem(prefix) ?? segmentProblem(prefix.split('/').slice(0, -1));
  if (problem !== null) throw invalidKey('key prefix', prefix, problem);
}

/**
 * Ascending UTF-8 byte order, as S3 lists. Code units order astral characters before U+E000 to U+FFFF; UTF-8 does
 * not.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates (astral code points) behind all other code units. */
function codePointRank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit;
}

const CONTROL_CHARACTER = /[\u0001-\u001f\u007f]/;

function characterProblem(text: string): string | null {
  if (text.includes('\0')) return 'it contains a NUL character';
  if (CONTROL_CHARACTER.test(text)) return 'it contains a control character, such as a line break';
  if (!text.isWellFormed()) return 'it contains half of a surrogate pair';
  const sizeBytes = Buffer.byteLength(text);
  return sizeBytes > MAX_KEY_BYTES ? `it has ${sizeBytes} UTF-8 bytes, more than ${MAX_KEY_BYTES}` : null;
}

function segmentProblem(segments: readonly string[]): string | null {
  if (segments.includes('')) return 'it starts or ends with "/" or contains "//"';
  return segments.includes('.') || segments.includes('..') ? 'it contains a "." or ".." segment' : null;
}

function invalidKey(what: string, value: string, problem: string): InvalidInputError {
  const shown = JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
  return new InvalidInputError(`expected a ${what} such as "flowers/tulip/1.jpg", got ${shown}: ${problem}`, {
    code: 'invalid_key',
  });
}
