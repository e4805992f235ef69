import type { SkipReason } from './dataset.ts';

/**
 * Of every format that shared/image decodes. Names say nothing certain: the decoder looks at the bytes, so a PNG named `.jpg` is
 * fine.
 */
export const PICTURE_SUFFIXES = [
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
  '.bmp',
] as const;

/** Pictures all the same, but not readable here: worth another sentence than "not a picture". */
const UNREADABLE_PICTURE_SUFFIXES = new Set(
  '.heic .heif .jxl .jp2 .svg .psd .ico .raw .dng .cr2 .cr3 .nef .arw .orf .rw2'.split(' '),
);

const SUFFIXES: ReadonlySet<string> = new Set(PICTURE_SUFFIXES);

/** Written by operating systems and archivers beside pictures; compared in lower case. */
const SYSTEM_NAMES = new Set([
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '__macosx',
  '$recycle.bin',
  'system volume information',
]);

/**
 * C0 and C1 controls, and marks that reverse the direction of text: they would forge a line of a report or terminal.
 */
const FORGING_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

export interface SkipCause {
  readonly reason: SkipReason;
  readonly detail: string;
}

/** True for a file name, or key, with one of PICTURE_SUFFIXES in any case. */
export function isPictureName(key: string): boolean {
  return SUFFIXES.has(suffixOf(key));
}

/**
 * Why one name, of a folder or file, rules out what carries it; null when it does not. Looks at this name only.
 */
export function nameSkipCause(name: string): SkipCause | null {
  if (name === '' || name === '.' || name === '..' || name.includes('\\') || FORGING_CHARACTERS.test(name)) {
    return {
      reason: 'hostile-key',
      detail: 'its path has an empty, "." or ".." part, a backslash or a control character',
    };
  }
  if (name.startsWith('.')) return { reason: 'hidden', detail: 'names that start with a dot are hidden' };
  if (SYSTEM_NAMES.has(name.toLowerCase())) {
    return { reason: 'system-file', detail: 'an operating system or archiver wrote it' };
  }
  return null;
}

/** Why a file name is not that of a readable picture; null when it is. */
export function suffixSkipCause(name: string): SkipCause | null {
  const suffix = suffixOf(name);
  if (SUFFIXES.has(suffix)) return null;
  const detail = UNREADABLE_PICTURE_SUFFIXES.has(suffix)
    ? `${suffix} pictures cannot be read here; convert it to JPEG or PNG`
    : `expected one of ${PICTURE_SUFFIXES.join(' ')}`;
  return { reason: 'not-a-picture-name', detail };
}

function suffixOf(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
}
