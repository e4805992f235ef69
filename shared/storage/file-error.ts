import { HeadstartError, InvalidInputError } from '../errors.ts';

/** What a file operation was for: decides whether "permission denied" means not readable or not writable. */
export type FileAction = 'read' | 'write';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
const WRONG_KIND = new Set(['ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY']);

/** The system's code of anything that was thrown (`ENOENT`); null when it has none. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
    ? error.code
    : null;
}

/** Awaits `work` and turns its system errors into errors that say what to do. */
export async function explainFileErrors<T>(action: FileAction, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFileError(error, action, path);
  }
}

/**
 * @returns HeadstartError `disk_full`, `not_writable`, `not_readable` or `io_error`, InvalidInputError `invalid_key` for a path that the
 *   file system cannot hold; anything that is no system error unchanged
 */
export function toFileError(error: unknown, action: FileAction, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === null) return error;
  const options = { cause: error };
  if (FULL.has(errno)) {
    return new HeadstartError(
      'disk_full',
      `expected room to write "${path}", the disk or quota is full (${errno}); free some space and run the same command again, ` +
        'nothing stored before is lost',
      options,
    );
  }
  if (DENIED.has(errno)) return deniedError(errno, action, path, options);
  if (errno === 'ENAMETOOLONG') {
    return new InvalidInputError(`expected a name that the file system can hold, got "${path}"; use a shorter one`, {
      ...options,
      code: 'invalid_key',
    });
  }
  if (action === 'write' && WRONG_KIND.has(errno)) {
    return new InvalidInputError(
      `expected a place for the file "${path}", but a file or folder of that name is in the way (${errno}); rename or remove it`,
      { ...options, code: 'invalid_key' },
    );
  }
  return new HeadstartError(
    'io_error',
    `expected to ${action} "${path}", the system answered ${errno}; try again`,
    options,
  );
}

function deniedError(errno: string, action: FileAction, path: string, options: ErrorOptions): HeadstartError {
  const reason = errno === 'EROFS' ? 'the file system is read-only' : 'permission is denied';
  return action === 'write'
    ? new HeadstartError(
        'not_writable',
        `expected to write "${path}", ${reason} (${errno}); choose a folder that you may write to or change its permissions`,
        options,
      )
    : new HeadstartError(
        'not_readable',
        `expected to read "${path}", ${reason} (${errno}); change its permissions, or move it out of the folder`,
        options,
      );
}
