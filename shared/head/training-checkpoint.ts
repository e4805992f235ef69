import { DamagedFileError, HeadstartError, messageOf } from '../errors.ts';
import type { BestEpoch } from './early-stopping.ts';
import type { EpochReport } from './head.ts';
import type { RandomState } from './random.ts';

/** All that a training has made so far, at the end of an epoch: to go on from it gives the same bytes as not to have stopped. */
export interface TrainingCheckpoint {
  /** What is trained on and how; a checkpoint only continues the same. Set by who stores it. */
  readonly fingerprint: string;
  readonly stepsDone: number;
  readonly history: readonly EpochReport[];
  readonly orderRandom: RandomState;
  readonly maskRandom: RandomState;
  /** Null before the first epoch. */
  readonly best: BestEpoch | null;
  readonly waited: number;
  /** Of the engine: parameters and Adam's moments, by name. */
  readonly state: Readonly<Record<string, Float32Array>>;
}

/** Thrown where a training was asked to pause. */
export class TrainingPausedError extends HeadstartError {
  readonly checkpoint: TrainingCheckpoint;

  constructor(checkpoint: TrainingCheckpoint) {
    super('training_paused', `paused after ${checkpoint.history.length} epochs; continue from the checkpoint`);
    this.checkpoint = checkpoint;
  }
}

const FORMAT_VERSION = 1;
const BEST_KERNEL = 'best.kernel';
const BEST_BIAS = 'best.bias';

/** `[header length, uint32 LE][JSON, padded to a multiple of 4][float32 LE of every tensor, in the header's order]`. */
export function trainingCheckpointBytes(checkpoint: TrainingCheckpoint): Uint8Array {
  const { state, best, ...facts } = checkpoint;
  const tensors: [string, Float32Array][] = Object.entries(state);
  if (best !== null) tensors.push([BEST_KERNEL, best.weights.kernel], [BEST_BIAS, best.weights.bias]);
  const header = {
    formatVersion: FORMAT_VERSION,
    ...facts,
    best: best === null ? null : { epoch: best.epoch, loss: Number.isFinite(best.loss) ? best.loss : null },
    tensors: tensors.map(([name, { length }]) => ({ name, length })),
  };
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(json.length + ((4 - (Buffer.byteLength(json) % 4)) % 4)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([
    length,
    text,
    ...tensors.map(([, { buffer, byteOffset, byteLength }]) => new Uint8Array(buffer, byteOffset, byteLength)),
  ]);
}

type Header = Omit<TrainingCheckpoint, 'state' | 'best'> & {
  readonly formatVersion: number;
  readonly best: { readonly epoch: number; readonly loss: number | null } | null;
  readonly tensors: readonly { readonly name: string; readonly length: number }[];
};

/** @throws DamagedFileError when the bytes are not what trainingCheckpointBytes writes */
export function parseTrainingCheckpoint(bytes: Uint8Array): TrainingCheckpoint {
  try {
    const end = 4 + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUInt32LE(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end))) as Header;
    if (header.formatVersion !== FORMAT_VERSION) throw new Error(`format ${header.formatVersion}`);
    return restore(header, tensorsOf(header, bytes.subarray(end)));
  } catch (cause) {
    throw new DamagedFileError(
      `expected a checkpoint of a training, received something else (${messageOf(cause)}); train from the start`,
      { cause },
    );
  }
}

function tensorsOf({ tensors }: Header, data: Uint8Array): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>();
  let offset = 0;
  for (const { name, length } of tensors) {
    // A copy, because the numbers must be aligned; not `slice`, which shares memory in a Buffer.
    const part = new Uint8Array(data.subarray(offset, offset + length * 4));
    if (part.length !== length * 4) throw new Error(`expected ${length} values for ${name}`);
    found.set(name, new Float32Array(part.buffer));
    offset += part.length;
  }
  if (offset !== data.length) throw new Error(`expected ${offset} bytes of numbers, received ${data.length}`);
  return found;
}

function restore(header: Header, tensors: Map<string, Float32Array>): TrainingCheckpoint {
  const { fingerprint, stepsDone, history, orderRandom, maskRandom, waited } = header;
  const kernel = tensors.get(BEST_KERNEL);
  const bias = tensors.get(BEST_BIAS);
  tensors.delete(BEST_KERNEL);
  tensors.delete(BEST_BIAS);
  const facts = {
    fingerprint,
    stepsDone,
    history,
    orderRandom,
    maskRandom,
    waited,
    state: Object.fromEntries(tensors),
  };
  if (header.best === null) return { ...facts, best: null };
  if (kernel === undefined || bias === undefined) throw new Error('expected the best weights');
  const { epoch, loss } = header.best;
  const weights = { dimensions: kernel.length / bias.length, classCount: bias.length, kernel, bias };
  return { ...facts, best: { epoch, loss: loss ?? Number.NEGATIVE_INFINITY, weights } };
}
