import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { HeadstartError } from '../errors.ts';
import type { DecodeAnswer, DecodeTask } from './decode-worker.ts';
import type { PictureInput } from './normalise.ts';
import { UnusablePictureError } from './picture.ts';
import { preparePicture, type PreparedPicture } from './prepare-picture.ts';

const WORKER_FILE = './decode-worker.ts';

/** A photo of 0.2 megapixels takes about 4 ms of a core, one of 12 megapixels 160 ms. None where there is one core only. */
export function defaultWorkerCount(): number {
  return availableParallelism() > 1 ? 2 : 0;
}

/**
 * Prepares pictures in worker threads, so that resizing goes on while `session.run` blocks this one. Workers start with the first picture.
 * In a bundle, which does not carry the worker's file, and with 0 workers, the work is done in this thread: same values, one core.
 */
export class PicturePreparer {
  readonly #input: PictureInput;
  readonly #workerCount: number;
  readonly #waiting = new Map<number, PromiseWithResolvers<PreparedPicture>>();
  #workers: Worker[] | null = null;
  #nextId = 0;

  constructor(input: PictureInput, workerCount: number = defaultWorkerCount()) {
    const { width, height, layout, normalisation } = input;
    this.#input = { width, height, layout, normalisation };
    this.#workerCount = workerUrl() === null ? 0 : workerCount;
  }

  /** @throws UnusablePictureError */
  async prepare(bytes: Uint8Array): Promise<PreparedPicture> {
    if (this.#workerCount === 0) return preparePicture(bytes, this.#input);
    this.#workers ??= Array.from({ length: this.#workerCount }, () => this.#start());
    const id = this.#nextId++;
    const answer = Promise.withResolvers<PreparedPicture>();
    this.#waiting.set(id, answer);
    this.#workers[id % this.#workers.length]?.postMessage({ id, bytes } satisfies DecodeTask);
    return answer.promise;
  }

  async close(): Promise<void> {
    const workers = this.#workers ?? [];
    this.#workers = null;
    await Promise.all(workers.map((worker) => worker.terminate()));
    this.#fail(new HeadstartError('closed', 'expected an open preparer; it was closed before this picture was done'));
  }

  #start(): Worker {
    const worker = new Worker(workerUrl() ?? '', { workerData: this.#input });
    worker.on('message', (answer: DecodeAnswer) => {
      this.#settle(answer);
    });
    // A worker that dies, of memory for instance, must not leave anyone waiting.
    worker.on('error', (cause) => {
      this.#fail(new HeadstartError('worker_failed', 'the thread that decodes pictures failed; run again', { cause }));
    });
    return worker;
  }

  #settle(answer: DecodeAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('values' in answer) waiting?.resolve({ values: answer.values, original: answer.original });
    else if (answer.reason !== null) waiting?.reject(new UnusablePictureError(answer.reason, answer.message));
    else waiting?.reject(new HeadstartError('decode_failed', answer.message));
  }

  #fail(error: Error): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

function workerUrl(): URL | null {
  if (!import.meta.url) return null;
  const url = new URL(WORKER_FILE, import.meta.url);
  return existsSync(fileURLToPath(url)) ? url : null;
}
