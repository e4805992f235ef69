import { resolve } from 'node:path';
import { InvalidInputError } from '../errors.ts';
import { FileObjectStore } from './file-object-store.ts';
import { statOrNull } from './file-walk.ts';

/**
 * A folder that a user named, as a store.
 *
 * @param path relative ones are taken from the working directory
 * @throws InvalidInputError `folder_missing` when nothing is there, `not_a_folder` when it is a file
 */
export async function openFolder(path: string): Promise<FileObjectStore> {
  const absolute = resolve(path);
  const stats = await statOrNull(absolute);
  if (stats === null) {
    throw new InvalidInputError(`expected a folder at "${absolute}", found nothing; check the spelling`, {
      code: 'folder_missing',
    });
  }
  if (!stats.isDirectory()) {
    throw new InvalidInputError(`expected a folder at "${absolute}", found a file; name the folder that holds it`, {
      code: 'not_a_folder',
    });
  }
  return new FileObjectStore(absolute);
}
