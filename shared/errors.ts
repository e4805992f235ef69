/**
 * One base for everything this project throws on purpose. A message is built as: what was expected, for which name, what was
 * received, what to do. Lower case, no final period.
 */
export class HeadstartError extends Error {
  /** Stable, machine-readable, `snake_case`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A flag, file, folder or field that the caller can correct. */
export class InvalidInputError extends HeadstartError {
  constructor(message: string, options?: ErrorOptions & { readonly code?: string }) {
    super(options?.code ?? 'invalid_input', message, options);
  }
}

/** Something that was named does not exist: a model version, a backbone, a dataset. */
export class NotFoundError extends HeadstartError {
  constructor(message: string, options?: ErrorOptions & { readonly code?: string }) {
    super(options?.code ?? 'not_found', message, options);
  }
}

/** A stored file is not what was written there: truncated, altered, or of a newer format. */
export class DamagedFileError extends HeadstartError {
  constructor(message: string, options?: ErrorOptions) {
    super('damaged_file', message, options);
  }
}

/** The user or the platform asked to stop; everything finished so far is stored. */
export class CancelledError extends HeadstartError {
  constructor(message = 'cancelled; everything finished so far is stored, run the same command to continue') {
    super('cancelled', message);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
