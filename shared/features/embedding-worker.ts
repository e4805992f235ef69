import { parentPort, workerData } from 'node:worker_threads';
import type { InstalledBackbone, Pooling } from '../backbone/backbone.ts';
import { openBackbone } from '../backbone/open-backbone.ts';
import { HeadstartError, messageOf } from '../errors.ts';
import { UnusablePictureError, type PictureSize, type UnusableReason } from '../image/picture.ts';
import { preparePicture } from '../image/prepare-picture.ts';

/** The other end of WorkerEmbedder (worker-embedder.ts). */
export interface EmbeddingWorkerData {
  readonly installed: InstalledBackbone;
  readonly pooling: Pooling;
  readonly threads: number;
}

/** Null asks the worker to end. */
export type EmbeddingTask = { readonly id: number; readonly bytes: Uint8Array } | null;

export type EmbeddingAnswer =
  | { readonly id: number; readonly embedding: ArrayBuffer; readonly original: PictureSize }
  | { readonly id: number; readonly unusable: UnusableReason; readonly message: string }
  | { readonly id: number; readonly code: string; readonly message: string };

const { installed, pooling, threads } = workerData as EmbeddingWorkerData;
const opening = openBackbone(installed, { pooling, threads });
// Told with the first picture; until then it is not an error that nobody handles.
opening.catch(() => undefined);

parentPort?.on('message', (task: EmbeddingTask) => {
  void (task === null ? end() : answer(task.id, task.bytes));
});

/** While the session computes one picture, sharp decodes the next one in a thread of its own. */
async function answer(id: number, bytes: Uint8Array): Promise<void> {
  try {
    const { values, original } = await preparePicture(bytes, installed.input);
    const vector = Float16Array.from(await (await opening).embed(values, 1));
    reply({ id, embedding: vector.buffer, original }, [vector.buffer]);
  } catch (error) {
    const message = messageOf(error);
    if (error instanceof UnusablePictureError) reply({ id, unusable: error.reason, message });
    else reply({ id, code: error instanceof HeadstartError ? error.code : 'worker_failed', message });
  }
}

async function end(): Promise<void> {
  await opening.then(
    (backbone) => backbone.close(),
    () => undefined,
  );
  parentPort?.close();
}

function reply(message: EmbeddingAnswer, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
