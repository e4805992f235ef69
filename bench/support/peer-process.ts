import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf } from '../../shared/errors.ts';

const PEERS = path.resolve(import.meta.dirname, '../peers');
const PYTHON = path.resolve(import.meta.dirname, '../../.cache/bench-peers/bin/python');
const SET_UP = 'bench/peers/setup.sh';
const KEPT_OF_STDERR = 2000;

export type PeerScript = 'keras_head.py' | 'torch_head.py';

/** One measurement, as the scripts of bench/peers take it. */
export interface PeerRequest {
  readonly rows: number;
  readonly dimensions: number;
  readonly classes: number;
  readonly batch: number;
  readonly dropout: number;
  readonly epochs: number;
  /** Files: float32 `[rows, dimensions]`, uint32 `[rows]`, and float32 `[dimensions, classes]` to start from. */
  readonly features: string;
  readonly labels: string;
  readonly kernel?: string;
  /** @default true */
  readonly shuffle?: boolean;
  /** Keras only: so many single steps are timed instead of epochs. */
  readonly steps?: number;
  /** PyTorch only. @default false */
  readonly compile?: boolean;
}

export interface PeerAnswer {
  /** Of each epoch after the first, or of each step. */
  readonly seconds: readonly number[];
  /** Of every epoch, or of every step. */
  readonly loss: readonly number[];
  readonly rowsPerEpoch: number;
}

/** A Python process that lives as long as the benchmark and only works while it is asked. */
export interface Peer {
  /** `Keras 3.15.1 (TensorFlow 2.21.0), 2 threads` */
  readonly title: string;
  /** @throws Error with the peer's own message when it could not measure */
  measure(request: PeerRequest): Promise<PeerAnswer>;
  stop(): Promise<void>;
}

/** Null where the peer is not installed or does not start: `missing` says why, and what to do. */
export type OpenedPeer = { readonly peer: Peer } | { readonly peer: null; readonly missing: string };

export async function openPeer(script: PeerScript, threads: number): Promise<OpenedPeer> {
  if (!existsSync(PYTHON)) return { peer: null, missing: `${script}: not installed; ${SET_UP} does it` };
  const child = spawn(PYTHON, [path.join(PEERS, script), String(threads)]);
  const lines = new AnswerLines(child);
  try {
    const { title } = await lines.next<{ readonly title: string }>();
    return { peer: peerOf(`${title}, ${threads} thread${threads === 1 ? '' : 's'}`, child, lines) };
  } catch (error) {
    child.kill();
    return { peer: null, missing: `${script}: ${messageOf(error)}; ${SET_UP} installs it anew` };
  }
}

function peerOf(title: string, child: ChildProcessWithoutNullStreams, lines: AnswerLines): Peer {
  return {
    title,
    measure: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const answer = await lines.next<PeerAnswer | { readonly error: string }>();
      if ('error' in answer) throw new Error(`expected a measurement of ${title}, received ${answer.error}`);
      return answer;
    },
    stop: async () => {
      child.stdin.end();
      await lines.end;
    },
  };
}

/** The JSON lines on a process' stdout, one for each question. */
class AnswerLines {
  /** Settles when the process has ended. */
  readonly end: Promise<undefined>;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_OF_STDERR);
    });
    // Of a process that has ended: `next` tells why.
    child.stdin.on('error', () => undefined);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.end = promise;
    for (const event of ['close', 'error']) {
      child.once(event, () => {
        resolve(undefined);
      });
    }
  }

  async next<T>(): Promise<T> {
    const line = await this.#lines.next();
    if (line.done !== true) return JSON.parse(line.value) as T;
    await this.end;
    throw new Error(`expected an answer, the process ended: ${this.#stderr.trim().split('\n').at(-1) ?? ''}`);
  }
}
