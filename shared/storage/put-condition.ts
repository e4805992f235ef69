import type { PutOptions } from './object-store.ts';
import { PreconditionFailedError } from './object-store.ts';

/**
 * Checks `ifMatch` and `ifAbsent` against the stored state.
 *
 * @param eTag of the stored object; null when there is none
 * @throws PreconditionFailedError
 */
export function assertPutCondition(key: string, eTag: string | null, options: PutOptions): void {
  if (options.ifAbsent === true && eTag !== null) throw new PreconditionFailedError(key, 'no object');
  if (options.ifMatch !== undefined && options.ifMatch !== eTag) {
    throw new PreconditionFailedError(key, `version ${options.ifMatch}`);
  }
}
