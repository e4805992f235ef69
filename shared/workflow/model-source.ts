import { stat } from 'node:fs/promises';
import path from 'node:path';
import { MANIFEST_FILE_NAME } from '../registry/model-manifest.ts';
import { ModelRegistry } from '../registry/model-registry.ts';
import { FileObjectStore } from '../storage/file-object-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openWorkspace, type OpenWorkspaceOptions } from './workspace.ts';

/** Where a trained model is, and which version of it is meant. */
export interface ModelSource {
  readonly registry: ModelRegistry;
  readonly version: string;
  /** Where the keys of the model's split lie; null when only a model folder was named. */
  readonly pictures: ObjectStore | null;
}

/**
 * Finds the models of what the user named: the pictures' folder that was trained on, or one model folder (which is all that a
 * prediction needs beside the backbone).
 *
 * @param version an id, the unique start of one, or `current`; a model folder is its own version
 */
export async function openModelSource(
  location: string,
  version: string,
  options: OpenWorkspaceOptions = {},
): Promise<ModelSource> {
  const folder = path.resolve(location);
  const isModelFolder = await stat(path.join(folder, MANIFEST_FILE_NAME)).catch(() => null);
  if (isModelFolder !== null) {
    const datasetFolder = path.dirname(folder);
    const store = new FileObjectStore(path.dirname(datasetFolder));
    const registry = new ModelRegistry(store, path.basename(datasetFolder), { prefix: '' });
    return { registry, version: path.basename(folder), pictures: null };
  }
  const workspace = await openWorkspace(location, options);
  const { pictures, state, dataset } = workspace;
  return { registry: new ModelRegistry(state, dataset), version, pictures };
}
