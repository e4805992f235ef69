import { HeadstartError, messageOf } from '../../shared/errors.ts';

/**
 * What a person reads when a command fails: one line for what we throw on purpose; the stack too for what we do not expect, since
 * that is a defect of ours to be reported.
 */
export function describeError(error: unknown): string {
  if (error instanceof HeadstartError) return `headstart: ${error.message}`;
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
  return `headstart: unexpected failure, please report it with this text:\n${stack}`;
}
