import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { PictureInput } from './normalise.ts';
import { UnusablePictureError, type PictureSize, type UnusableReason } from './picture.ts';
import { preparePicture } from './prepare-picture.ts';

/** The other end of PicturePreparer (picture-preparer.ts). */
export interface DecodeTask {
  readonly id: number;
  readonly bytes: Uint8Array;
}

export type DecodeAnswer =
  | { readonly id: number; readonly values: Float32Array<ArrayBuffer>; readonly original: PictureSize }
  | { readonly id: number; readonly reason: UnusableReason | null; readonly message: string };

const input = workerData as PictureInput;
/** One after the other: each is a chain of native and JavaScript steps, and the workers are as many as should run at once. */
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', (task: DecodeTask) => {
  last = last.then(() => answer(task));
});

async function answer({ id, bytes }: DecodeTask): Promise<void> {
  try {
    const prepared = await preparePicture(bytes, input);
    parentPort?.postMessage({ id, ...prepared } satisfies DecodeAnswer, [prepared.values.buffer]);
  } catch (error) {
    const reason = error instanceof UnusablePictureError ? error.reason : null;
    parentPort?.postMessage({ id, reason, message: messageOf(error) } satisfies DecodeAnswer);
  }
}
