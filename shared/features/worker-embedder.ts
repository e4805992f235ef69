import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Backbone } from '../backbone/backbone.ts';
import { DamagedFileError, HeadstartError, InvalidInputError } from '../errors.ts';
import { UnusablePictureError } from '../image/picture.ts';
import type { EmbeddingAnswer, EmbeddingTask, EmbeddingWorkerData } from './embedding-worker.ts';
import type { EmbeddedPicture, PictureEmbedder } from './picture-embedder.ts';

const WORKER_FILE = './embedding-worker.ts';
/** For each worker: one that the session computes, one that is decoded meanwhile. */
export const PICTURES_PER_WORKER = 2;

/** False in a bundle, which does not carry the worker's file. */
export function hasWorkerFile(): boolean {
  return workerUrl() !== null;
}

interface WaitingPicture {
  readonly bytes: Uint8Array;
  readonly answer: PromiseWithResolvers<EmbeddedPicture>;
}

interface Member {
  readonly worker: Worker;
  readonly hasEnded: Promise<void>;
  readonly running: Map<number, WaitingPicture>;
}

/**
 * Embeds in worker threads that each decode and have a session of their own. A session of many threads waits for its slowest one in every
 * layer, so any other work, such as decoding, costs it a multiple; sessions side by side wait for nobody (docs/decisions.md).
 */
export class WorkerEmbedder implements PictureEmbedder {
  readonly #data: EmbeddingWorkerData;
  readonly #workerCount: number;
  readonly #members: Member[] = [];
  readonly #waiting: WaitingPicture[] = [];
  #nextId = 0;
  #failure: Error | null = null;

  /** @param threads of each worker's session */
  constructor({ installed, pooling }: Pick<Backbone, 'installed' | 'pooling'>, workerCount: number, threads: number) {
    this.#data = { installed, pooling, threads };
    this.#workerCount = workerCount;
  }

  async embed(bytes: Uint8Array): Promise<EmbeddedPicture> {
    if (this.#failure !== null) throw this.#failure;
    const answer = Promise.withResolvers<EmbeddedPicture>();
    this.#waiting.push({ bytes, answer });
    this.#dispatch();
    return answer.promise;
  }

  async close(): Promise<void> {
    this.#fail(new HeadstartError('closed', 'expected an open embedder; it was closed before this picture was done'));
    for (const { worker } of this.#members) worker.postMessage(null satisfies EmbeddingTask);
    // Not `terminate`: it would end the thread in the middle of a native call.
    await Promise.all(this.#members.map(({ hasEnded }) => hasEnded));
  }

  /** Workers start only as there is work for them. */
  #dispatch(): void {
    for (;;) {
      const [picture] = this.#waiting;
      if (picture === undefined) return;
      const member = this.#freeMember();
      if (member === null) return;
      this.#waiting.shift();
      const id = this.#nextId++;
      member.running.set(id, picture);
      member.worker.postMessage({ id, bytes: picture.bytes } satisfies EmbeddingTask);
    }
  }

  #freeMember(): Member | null {
    const idlest = this.#members.reduce<Member | null>(
      (least, member) => (least === null || member.running.size < least.running.size ? member : least),
      null,
    );
    const isBusy = idlest === null || idlest.running.size > 0;
    if (isBusy && this.#members.length < this.#workerCount) return this.#start();
    return idlest !== null && idlest.running.size < PICTURES_PER_WORKER ? idlest : null;
  }

  #start(): Member {
    const worker = new Worker(workerUrl() ?? '', { workerData: this.#data });
    const hasEnded = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        this.#fail(workerFailed());
        resolve();
      });
    });
    const member = { worker, hasEnded, running: new Map<number, WaitingPicture>() };
    worker.on('message', (answer: EmbeddingAnswer) => {
      this.#settle(member, answer);
    });
    // A worker that dies, of memory for instance, must not leave anyone waiting.
    worker.on('error', (cause) => {
      this.#fail(workerFailed(cause));
    });
    this.#members.push(member);
    return member;
  }

  #settle({ running }: Member, reply: EmbeddingAnswer): void {
    const picture = running.get(reply.id);
    running.delete(reply.id);
    if ('embedding' in reply) {
      picture?.answer.resolve({ embedding: new Float16Array(reply.embedding), original: reply.original });
    } else picture?.answer.reject(errorOf(reply));
    this.#dispatch();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const running = this.#members.flatMap((member) => [...member.running.values()]);
    for (const { answer } of [...running, ...this.#waiting]) answer.reject(this.#failure);
    for (const member of this.#members) member.running.clear();
    this.#waiting.length = 0;
  }
}

/** The error as it was thrown in the worker: classes do not cross threads. */
function errorOf(reply: Exclude<EmbeddingAnswer, { embedding: ArrayBuffer }>): HeadstartError {
  if ('unusable' in reply) return new UnusablePictureError(reply.unusable, reply.message);
  if (reply.code === 'damaged_file') return new DamagedFileError(reply.message);
  if (reply.code === 'invalid_input') return new InvalidInputError(reply.message);
  return new HeadstartError(reply.code, reply.message);
}

function workerFailed(cause?: unknown): HeadstartError {
  return new HeadstartError('worker_failed', 'a thread that embeds pictures failed; run again with fewer --threads', {
    cause,
  });
}

function workerUrl(): URL | null {
  if (!import.meta.url) return null;
  const url = new URL(WORKER_FILE, import.meta.url);
  return existsSync(fileURLToPath(url)) ? url : null;
}
