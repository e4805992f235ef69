import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { DamagedFileError, messageOf } from '../errors.ts';
import { assertBinaryWeights, readHead } from './assert-binary-weights.ts';
import type { WeightsReader, WeightTensor } from './weights-reader.ts';

/** The format's own cap on the header. */
const MAX_HEADER_BYTES = 100_000_000;
const BYTES_OF = { F64: 8, F32: 4, F16: 2, BF16: 2 } as const;
type FloatType = keyof typeof BYTES_OF;

const TENSOR = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
type TensorEntry = z.infer<typeof TENSOR>;

export interface SafetensorsFile extends WeightsReader {
  /** Of all tensors, in the header's order. */
  readonly names: readonly string[];
}

/** True when the first bytes can be the length of a header and its opening brace. */
export function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 10) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(MAX_HEADER_BYTES) && head[8] === 0x7b;
}

/**
 * Opens a file on disk; only its header comes into memory, and each tensor when it is read. F64, F32, F16 and BF16 become float32.
 *
 * @throws DamagedFileError when it is not safetensors, or shorter than it says
 * @see https://github.com/huggingface/safetensors#format
 */
export function openSafetensors(path: string): SafetensorsFile {
  const fileName = basename(path);
  const head = readHead(path);
  assertBinaryWeights(head, fileName);
  if (!isSafetensors(head)) {
    throw new DamagedFileError(
      `expected a safetensors file for "${fileName}", received bytes of another kind; download it again`,
    );
  }
  const file = openSync(path, 'r');
  try {
    return readHeader(file, fileName);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function readHeader(file: number, fileName: string): SafetensorsFile {
  const headerBytes = Number(new DataView(readBytes(file, 0, 8, fileName).buffer).getBigUint64(0, true));
  const header = parseHeader(readBytes(file, 8, headerBytes, fileName), fileName);
  const dataAt = 8 + headerBytes;
  const expected = dataAt + Math.max(0, ...[...header.values()].map(({ data_offsets: [, end] }) => end));
  const { size } = fstatSync(file);
  if (size < expected) {
    throw new DamagedFileError(
      `expected ${String(expected)} bytes in "${fileName}", received ${String(size)}: the download stopped early; download it again`,
    );
  }
  return {
    fileName,
    names: [...header.keys()],
    has: (name) => header.has(name),
    read: (name) => readTensor(file, dataAt, name, header.get(name), fileName),
    close: () => {
      closeSync(file);
    },
  };
}

function parseHeader(bytes: Uint8Array, fileName: string): ReadonlyMap<string, TensorEntry> {
  try {
    const header = z.record(z.string(), z.unknown()).parse(JSON.parse(new TextDecoder().decode(bytes)));
    const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
    return new Map(entries.map(([name, entry]) => [name, TENSOR.parse(entry)]));
  } catch (cause) {
    throw new DamagedFileError(
      `expected a JSON header of tensors in "${fileName}": ${messageOf(cause)}; download the file again`,
      { cause },
    );
  }
}

function readTensor(
  file: number,
  dataAt: number,
  name: string,
  entry: TensorEntry | undefined,
  fileName: string,
): WeightTensor {
  if (!entry) throw new DamagedFileError(`expected tensor "${name}" in "${fileName}", received none`);
  const { dtype, shape } = entry;
  if (!isFloatType(dtype)) {
    throw new DamagedFileError(
      `expected F64, F32, F16 or BF16 numbers in tensor "${name}" of "${fileName}", received ${dtype}; save it in float32`,
    );
  }
  const [start, end] = entry.data_offsets;
  const expected = shape.reduce((product, size) => product * size, 1) * BYTES_OF[dtype];
  if (end - start !== expected) {
    throw new DamagedFileError(
      `expected ${String(expected)} bytes for tensor "${name}" of "${fileName}", received ${String(end - start)}; download it again`,
    );
  }
  return { dims: shape, data: toFloat32(readBytes(file, dataAt + start, expected, fileName), dtype) };
}

function isFloatType(dtype: string): dtype is FloatType {
  return dtype in BYTES_OF;
}

function toFloat32({ buffer }: Uint8Array<ArrayBuffer>, dtype: FloatType): Float32Array {
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer));
  if (dtype === 'F16') return Float32Array.from(new Float16Array(buffer));
  // bfloat16 is the upper half of a float32.
  return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer);
}

function readBytes(file: number, at: number, length: number, fileName: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, bytes, filled, length - filled, at + filled);
    if (count === 0) {
      throw new DamagedFileError(
        `expected ${String(at + length)} bytes in "${fileName}", received ${String(at + filled)}: the download stopped early; ` +
          'download it again',
      );
    }
    filled += count;
  }
  return bytes;
}
