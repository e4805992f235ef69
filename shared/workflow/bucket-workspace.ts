import { InvalidInputError } from '../errors.ts';
import { assertObjectKey } from '../storage/object-key.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Workspace } from './workspace.ts';

/**
 * One dataset of a bucket, which holds pictures and state side by side.
 *
 * @throws InvalidInputError (`invalid_dataset`) when the name is not one part of a key
 */
export function bucketWorkspace(store: ObjectStore, dataset: string): Workspace {
  assertDatasetName(dataset);
  return {
    location: `${store.location}/${dataset}`,
    dataset,
    pictures: store,
    picturesPrefix: `datasets/${dataset}/`,
    state: store,
    isStateOwn: false,
  };
}

/** Long enough for any name, short enough that keys below it fit into S3's 1,024 bytes. */
const MAX_DATASET_LENGTH = 100;

/** Letters, digits, dot, dash and underscore, not starting with a dot or dash. @throws InvalidInputError (`invalid_dataset`) */
export function assertDatasetName(dataset: string): void {
  if (dataset.length <= MAX_DATASET_LENGTH && /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u.test(dataset)) {
    assertObjectKey(dataset);
    return;
  }
  throw new InvalidInputError(
    `expected the name of a dataset (letters, digits, dot, dash and underscore, at most ${MAX_DATASET_LENGTH}), ` +
      `received ${JSON.stringify(dataset.slice(0, MAX_DATASET_LENGTH))}; see GET /datasets`,
    { code: 'invalid_dataset' },
  );
}
