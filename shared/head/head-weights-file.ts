import { DamagedFileError } from '../errors.ts';
import type { HeadWeights } from './head.ts';

/** Name of the file in a model folder. */
export const HEAD_WEIGHTS_FILE_NAME = 'head.safetensors';

/** A header of ours has a few hundred bytes; more is not our file. */
const MAX_HEADER_BYTES = 64 * 1024;

interface TensorEntry {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * The head as safetensors: `kernel` F32 `[D, C]` and `bias` F32 `[C]`, which numpy, PyTorch and Keras read. Same weights, same bytes.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
export function headWeightsBytes({ dimensions, classCount, kernel, bias }: HeadWeights): Uint8Array {
  const entries: Record<string, TensorEntry> = {
    kernel: { dtype: 'F32', shape: [dimensions, classCount], data_offsets: [0, kernel.byteLength] },
    bias: { dtype: 'F32', shape: [classCount], data_offsets: [kernel.byteLength, kernel.byteLength + bias.byteLength] },
  };
  const text = JSON.stringify({ __metadata__: { format: 'headstart-head' }, ...entries });
  // Padded with spaces, so that the numbers start at a multiple of eight.
  const header = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(8 + header.length + kernel.byteLength + bias.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(bytesOf(kernel), 8 + header.length);
  bytes.set(bytesOf(bias), 8 + header.length + kernel.byteLength);
  return bytes;
}

/** @throws DamagedFileError, naming the tensor, when the bytes are not what headWeightsBytes writes or a value is not finite */
export function parseHeadWeights(bytes: Uint8Array): HeadWeights {
  const { entries, data } = parseHeader(bytes);
  const kernel = entryOf(entries, 'kernel', 2);
  const bias = entryOf(entries, 'bias', 1);
  const [dimensions = 0, classCount = 0] = kernel.shape;
  const [biasLength = 0] = bias.shape;
  if (biasLength !== classCount) throw damaged(`tensor "bias" of shape [${classCount}]`, `[${biasLength}]`);
  const end = Math.max(kernel.data_offsets[1], bias.data_offsets[1]);
  if (end !== data.length) throw damaged(`${end} bytes of numbers`, String(data.length));
  return { dimensions, classCount, kernel: floatsOf('kernel', kernel, data), bias: floatsOf('bias', bias, data) };
}

function parseHeader(bytes: Uint8Array): { entries: Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) throw damaged('a header', `${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > bytes.length)
    throw damaged('a header inside the file', `${length} bytes`);
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
    return { entries: { ...(parsed as object) }, data: bytes.subarray(8 + length) };
  } catch (cause) {
    throw damaged('a JSON header', 'something else', { cause });
  }
}

function entryOf(entries: Record<string, unknown>, name: string, rank: number): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = { ...(entries[name] as object | undefined) } as Partial<TensorEntry>;
  const isShape =
    Array.isArray(shape) && shape.length === rank && shape.every((size) => Number.isInteger(size) && size > 0);
  if (dtype !== 'F32' || !isShape || offsets === undefined) {
    throw damaged(`tensor "${name}" of type F32 and rank ${rank}`, JSON.stringify(entries[name] ?? null));
  }
  const expected = 4 * shape.reduce((product, size) => product * size, 1);
  // Written so that offsets which are no numbers fail too.
  if (!(offsets[1] - offsets[0] === expected)) {
    throw damaged(`${expected} bytes for tensor "${name}"`, JSON.stringify(offsets));
  }
  return { dtype, shape, data_offsets: offsets };
}

function floatsOf(name: string, { data_offsets: [start, end] }: TensorEntry, data: Uint8Array): Float32Array {
  const values = new Float32Array(data.slice(start, end).buffer);
  if (!values.every(Number.isFinite)) throw damaged(`finite numbers in tensor "${name}"`, 'others');
  return values;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function damaged(expected: string, received: string, options?: ErrorOptions): DamagedFileError {
  return new DamagedFileError(
    `expected ${expected} in ${HEAD_WEIGHTS_FILE_NAME}, received ${received}; train again, or restore the model folder`,
    options,
  );
}
