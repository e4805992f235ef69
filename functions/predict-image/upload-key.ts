import { ulid } from 'ulid';
import { requestError } from './http-error.ts';

/** A name that nobody can guess, below the dataset that it was made for. */
export function newUploadKey(dataset: string): string {
  return `uploads/${dataset}/${ulid()}`;
}

/** @throws HeadstartError `invalid_key` for a key that no upload of this dataset has: the function may read more of the bucket than its callers */
export function assertUploadKey(key: string, dataset: string): void {
  const name = key.startsWith(`uploads/${dataset}/`) ? key.slice(`uploads/${dataset}/`.length) : '';
  if (/^[0-9A-HJKMNP-TV-Z]{26}$/.test(name)) return;
  throw requestError(
    'invalid_key',
    `expected a key that POST /datasets/${dataset}/uploads answered with; upload the picture first`,
  );
}
