import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { DamagedFileError, messageOf } from '../../errors.ts';
import { assertBinaryWeights, readHead } from '../assert-binary-weights.ts';
import type { WeightsReader, WeightTensor } from '../weights-reader.ts';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] as const;
/** Where superblocks 0 to 3 keep the end-of-file address, bytes. HDF5 File Format Specification 3.0, II.A. */
const END_ADDRESS_AT = [40, 44, 28, 28] as const;

/** An HDF5 file open for reading; tensors are named by their path, `/` between groups, none in front. */
export interface Hdf5File extends WeightsReader {
  /** Names inside a group, in the file's order; null when there is no such group. */
  groupKeys(path: string): readonly string[] | null;
  /** A list of strings: vlen or fixed-length, UTF-8; null when there is no such attribute. Split ones (`name0`, `name1`) are joined. */
  stringsOf(path: string, attribute: string): readonly string[] | null;
}

export function isHdf5(head: Uint8Array): boolean {
  return SIGNATURE.every((byte, at) => head[at] === byte);
}

/**
 * Opens a file on disk; only what is read comes into memory.
 *
 * @throws DamagedFileError when it is not HDF5, or shorter than it says
 */
export async function openHdf5(path: string): Promise<Hdf5File> {
  const fileName = basename(path);
  assertWholeHdf5(path, fileName);
  // 4 MB of WebAssembly: only loaded when an HDF5 file is there.
  const h5wasm = await import('h5wasm/node');
  await h5wasm.ready;
  const file = orDamaged(fileName, () => new h5wasm.File(resolve(path), 'r'));
  const open = (name: string) => orDamaged(fileName, () => file.get(name === '' ? '/' : name));
  const tensorAt = (name: string) => {
    const entity = open(name);
    return entity instanceof h5wasm.Dataset ? entity : null;
  };
  return {
    fileName,
    has: (name) => tensorAt(name) !== null,
    read: (name) => readDataset(fileName, name, tensorAt(name)),
    groupKeys: (name) => {
      const entity = open(name);
      return entity instanceof h5wasm.Group ? orDamaged(fileName, () => entity.keys()) : null;
    },
    stringsOf: (name, attribute) => {
      const entity = open(name);
      return entity instanceof h5wasm.Group
        ? orDamaged(fileName, () => joinStrings(attribute, (key) => entity.attrs[key]?.value))
        : null;
    },
    close: () => void file.close(),
  };
}

/** Keras splits an attribute of over 64,512 bytes into `layer_names0`, `layer_names1`, ... */
function joinStrings(attribute: string, valueOf: (name: string) => unknown): readonly string[] | null {
  const whole = toStrings(valueOf(attribute));
  if (whole) return whole;
  const parts: string[] = [];
  for (let part = 0; ; part++) {
    const strings = toStrings(valueOf(`${attribute}${String(part)}`));
    if (!strings) return part === 0 ? null : parts;
    parts.push(...strings);
  }
}

/** An empty list is stored as an empty array of numbers. */
function toStrings(value: unknown): readonly string[] | null {
  if (typeof value === 'string') return [value];
  if (ArrayBuffer.isView(value)) return value.byteLength === 0 ? [] : null;
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
}

interface DatasetLike {
  readonly shape: readonly number[] | null;
  readonly dtype: unknown;
  readonly value: unknown;
}

function readDataset(fileName: string, name: string, dataset: DatasetLike | null): WeightTensor {
  if (!dataset) throw new DamagedFileError(`expected tensor "${name}" in "${fileName}", received none`);
  const data = orDamaged(fileName, () => dataset.value, ` at tensor "${name}"`);
  const dims = dataset.shape ?? [];
  if (data instanceof Float32Array) return { dims, data };
  if (data instanceof Float64Array) return { dims, data: Float32Array.from(data) };
  throw new DamagedFileError(
    `expected float32 or float64 numbers in tensor "${name}" of "${fileName}", received ${JSON.stringify(dataset.dtype)}; ` +
      'save the weights in float32',
  );
}

function assertWholeHdf5(path: string, fileName: string): void {
  const head = readHead(path);
  assertBinaryWeights(head, fileName);
  if (!isHdf5(head)) {
    throw new DamagedFileError(
      `expected an HDF5 file for "${fileName}", received bytes of another kind; download it again`,
    );
  }
  const endAt = END_ADDRESS_AT[head[8] ?? 255];
  if (endAt === undefined || head.length < endAt + 8) {
    throw new DamagedFileError(
      `expected an HDF5 superblock of version 0 to 3 in "${fileName}", received version ${String(head[8])}; download it again`,
    );
  }
  const expectedBytes = new DataView(head.buffer, head.byteOffset).getBigUint64(endAt, true);
  const { size } = statSync(path, { bigint: true });
  if (size < expectedBytes) {
    throw new DamagedFileError(
      `expected ${String(expectedBytes)} bytes in "${fileName}", received ${String(size)}: the download stopped early; ` +
        'download it again',
    );
  }
}

function orDamaged<T>(fileName: string, read: () => T, where = ''): T {
  try {
    return read();
  } catch (cause) {
    throw new DamagedFileError(
      `expected readable HDF5 in "${fileName}"${where}: ${messageOf(cause)}; download the file again`,
      { cause },
    );
  }
}
