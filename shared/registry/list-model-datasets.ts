import type { ObjectStore } from '../storage/object-store.ts';

/** More than any team has; bounds what one request of a caller costs. */
const MAX_DATASETS = 1000;

/**
 * Names of the datasets that have models, in byte order. Skips from one dataset to the next, so that the number of requests is that of the datasets
 * and not that of their files.
 */
export async function listModelDatasets(store: ObjectStore, prefix = 'models/'): Promise<string[]> {
  const datasets: string[] = [];
  let startAfter: string | undefined;
  while (datasets.length < MAX_DATASETS) {
    const name = await firstBehind(store, prefix, startAfter);
    if (name === null) break;
    datasets.push(name);
    // "0" is the character behind "/": everything of this dataset is in front of it.
    startAfter = `${prefix}${name}0`;
  }
  return datasets;
}

async function firstBehind(store: ObjectStore, prefix: string, startAfter: string | undefined): Promise<string | null> {
  for await (const { key } of store.list(prefix, startAfter === undefined ? {} : { startAfter })) {
    const [name = '', ...rest] = key.slice(prefix.length).split('/');
    if (name !== '' && rest.length > 0) return name;
  }
  return null;
}
