/** A thread of memory-copy.ts: copies its share of the bytes as often as a message says. */
import { parentPort, workerData } from 'node:worker_threads';

const source = new Uint8Array(Number(workerData)).fill(1);
const target = new Uint8Array(source.length).fill(2);

parentPort?.on('message', (times: number) => {
  for (let i = 0; i < times; i++) target.set(source);
  parentPort?.postMessage(null);
});
