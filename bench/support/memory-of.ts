/** `node memory-of.ts <JSON>`: embeds or predicts in a fresh process, and tells its peak memory. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';
import { openBackbone, openBackboneLazily } from '../../shared/backbone/open-backbone.ts';
import { embedPictures } from '../../shared/features/embed-pictures.ts';
import { featureLocationOf } from '../../shared/features/feature-location.ts';
import { FeatureStore } from '../../shared/features/feature-store.ts';
import { preparePicture } from '../../shared/image/prepare-picture.ts';
import { FileObjectStore } from '../../shared/storage/file-object-store.ts';
import { MemoryObjectStore } from '../../shared/storage/memory-object-store.ts';
import { picturesInTurns } from './pictures-in-turns.ts';
import { residentBytes } from './resident-bytes.ts';

export interface MemoryJob {
  readonly job: 'embed' | 'predict';
  readonly backbone: InstalledBackbone;
  readonly pictureFolder: string;
  /** Of the embedding. */
  readonly workers: number;
  /** More than the folder has are taken from it again and again. @default 100 */
  readonly pictureCount?: number;
}

export interface MemoryFigures {
  readonly peakBytes: number;
}

const { job, backbone, pictureFolder, workers, pictureCount = 100 } = JSON.parse(process.argv[2] ?? '{}') as MemoryJob;
const store = new FileObjectStore(pictureFolder);
const pictures = (await picturesInTurns(store))().take(pictureCount);

if (job === 'embed') {
  const opened = openBackboneLazily(backbone, { threads: Math.max(1, workers) });
  const features = new FeatureStore(new MemoryObjectStore(), featureLocationOf('bench', opened));
  await embedPictures({ pictures, store, backbone: opened, features, workers });
} else {
  const opened = await openBackbone(backbone, { threads: 1 });
  for (const { key } of pictures) {
    const { values } = await preparePicture(await readFile(path.join(pictureFolder, key)), backbone.input);
    await opened.embed(values, 1);
  }
}
const figures: MemoryFigures = { peakBytes: await residentBytes(process.pid, 'peak') };
process.stdout.write(JSON.stringify(figures));
