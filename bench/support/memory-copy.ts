import { Worker } from 'node:worker_threads';

/** Plain copying on several threads: what the memory gives. The threads sleep between the runs. */
export interface MemoryCopy {
  /** Copies all bytes so many times. */
  run(times: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param bytes of a copy over all threads: it reads and writes as many */
export function openMemoryCopy(bytes: number, threads: number): MemoryCopy {
  const ownBytes = Math.ceil(bytes / threads);
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL('copy-worker.ts', import.meta.url), { workerData: ownBytes }),
  );
  return {
    run: async (times) => {
      await Promise.all(workers.map((worker) => copyIn(worker, times)));
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function copyIn(worker: Worker, times: number): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', () => {
      worker.off('error', reject);
      resolve();
    });
    worker.postMessage(times);
  });
}
