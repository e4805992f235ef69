import type { Backbone, InstalledBackbone } from '../backbone/backbone.ts';
import { usableMemory } from '../usable-memory.ts';
import { BatchEmbedder } from './batch-embedder.ts';
import type { PictureEmbedder } from './picture-embedder.ts';
import { hasWorkerFile, PICTURES_PER_WORKER, WorkerEmbedder } from './worker-embedder.ts';

/** Pictures in one run of the backbone in this thread. */
const BATCH_SIZE = 8;
/**
 * Pictures on their way at once, as a multiple of those that are embedded at once: a read takes several turns of the event loop, and the next
 * picture must be there when a session is free. Memory: this many pictures, as files or decoded.
 */
const TIMES_AHEAD = 4;
/** Of a session: its weights, their copy in the order in which they are multiplied, and the values between two layers. */
const BYTES_PER_PARAMETER = 10;
const BYTES_PER_WORKER = 64 * 2 ** 20;
/** The rest is for the others on the machine. */
const SHARE_OF_MEMORY = 0.5;

export interface EmbedderOptions {
  /** Threads with a session each. @default one a processor, fewer where memory is short; 0, which is this thread, in a bundle or on one processor */
  readonly workers?: number;
  /** Pictures in one run of the backbone, with 0 workers. @default 8 */
  readonly batchSize?: number;
}

export interface OpenedEmbedder {
  readonly embedder: PictureEmbedder;
  /** Pictures to give it at once. */
  readonly ahead: number;
}

/** Chooses how to embed on this machine. The vectors are the same. */
export function openEmbedder(backbone: Backbone, options: EmbedderOptions = {}): OpenedEmbedder {
  const { workers = defaultWorkerCount(backbone), batchSize = BATCH_SIZE } = options;
  if (workers === 0) return { embedder: new BatchEmbedder(backbone, batchSize), ahead: batchSize * TIMES_AHEAD };
  const threads = Math.max(1, Math.floor(backbone.threads / workers));
  const ahead = workers * PICTURES_PER_WORKER * TIMES_AHEAD;
  return { embedder: new WorkerEmbedder(backbone, workers, threads), ahead };
}

function defaultWorkerCount({ installed, threads }: Backbone): number {
  if (threads === 1 || !hasWorkerFile()) return 0;
  return Math.max(1, Math.min(threads, Math.floor((usableMemory() * SHARE_OF_MEMORY) / bytesPerWorker(installed))));
}

function bytesPerWorker({ parameterCount }: InstalledBackbone): number {
  return BYTES_PER_WORKER + parameterCount * BYTES_PER_PARAMETER;
}
