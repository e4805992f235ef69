import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LabelledRows } from '../../shared/head/head.ts';
import type { PeerRequest } from './peer-process.ts';

export type PeerRows = Pick<PeerRequest, 'rows' | 'dimensions' | 'features' | 'labels'>;

/** The same rows for all: written to files that the peers read. @param folder which the caller removes */
export async function writePeerRows(
  folder: string,
  name: string,
  { features, labels }: LabelledRows,
): Promise<PeerRows> {
  const { rowCount: rows, dimensions } = features;
  const half = new Float16Array(rows * dimensions);
  await features.read(Uint32Array.from(labels.keys()), half);
  const files = { features: path.join(folder, `${name}.features`), labels: path.join(folder, `${name}.labels`) };
  await writeFile(files.features, new Float32Array(half));
  await writeFile(files.labels, labels);
  return { rows, dimensions, ...files };
}
