import {
  CancelledError,
  DamagedFileError,
  HeadstartError,
  InvalidInputError,
  NotFoundError,
} from '../shared/errors.ts';

/** Documented in the README; scripts depend on them. */
export const EXIT_CODES = {
  ok: 0,
  unexpected: 1,
  invalidInput: 2,
  notFound: 3,
  damagedFile: 4,
  refused: 5,
  /** 128 + SIGINT, as shells report it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InvalidInputError) return EXIT_CODES.invalidInput;
  if (error instanceof NotFoundError) return EXIT_CODES.notFound;
  if (error instanceof DamagedFileError) return EXIT_CODES.damagedFile;
  if (error instanceof CancelledError) return EXIT_CODES.interrupted;
  if (error instanceof HeadstartError) return EXIT_CODES.refused;
  return EXIT_CODES.unexpected;
}
