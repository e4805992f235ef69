import { DamagedFileError, InvalidInputError } from '../../errors.ts';

/** One entry of a TF.js weights manifest. */
export interface TfjsWeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number };
}

/** A weight: `value = data * scale + min`, row-major. Bytes stay bytes, so that the graph we write stays as small as the source. */
export interface TfjsTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint8Array | Int32Array;
  readonly scale: number;
  readonly min: number;
}

/**
 * Cuts the concatenated shards into tensors.
 *
 * @throws DamagedFileError when the shards are shorter or longer than the manifest says, InvalidInputError for a type that no network
 *   uses for weights (bool, string, complex)
 */
export function readTfjsWeights(specs: readonly TfjsWeightSpec[], shards: Uint8Array): ReadonlyMap<string, TfjsTensor> {
  const tensors = new Map<string, TfjsTensor>();
  // Seen as plain bytes: `slice` of a Buffer would not copy, and the tensors are reordered in place.
  const plain = new Uint8Array(shards.buffer, shards.byteOffset, shards.length);
  let offset = 0;
  for (const spec of specs) {
    const count = spec.shape.reduce((product, size) => product * size, 1);
    const sizeBytes = count * bytesPerValue(spec);
    if (offset + sizeBytes > shards.length) {
      throw new DamagedFileError(
        `expected ${offset + sizeBytes} bytes of weights up to tensor "${spec.name}", received ${shards.length}; copy all shards again`,
      );
    }
    tensors.set(spec.name, toTensor(spec, plain.slice(offset, offset + sizeBytes)));
    offset += sizeBytes;
  }
  if (offset !== shards.length) {
    throw new DamagedFileError(
      `expected ${offset} bytes of weights, received ${shards.length}; the shards belong to another model.json`,
    );
  }
  return tensors;
}

const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, float16: 2, uint16: 2, uint8: 1 };

function storedType({ dtype, quantization }: TfjsWeightSpec): string {
  return quantization?.dtype ?? dtype;
}

function bytesPerValue(spec: TfjsWeightSpec): number {
  const bytes = BYTES[storedType(spec)];
  if (bytes !== undefined) return bytes;
  throw new InvalidInputError(
    `expected weights of type ${Object.keys(BYTES).join(', ')} for tensor "${spec.name}", received ${storedType(spec)}`,
  );
}

/** @param bytes a copy of its own, so that it is aligned */
function toTensor(spec: TfjsWeightSpec, bytes: Uint8Array<ArrayBuffer>): TfjsTensor {
  const { shape: dims, quantization } = spec;
  const scale = quantization?.scale ?? 1;
  const min = quantization?.min ?? 0;
  switch (storedType(spec)) {
    case 'uint8':
      return { dims, data: bytes, scale, min };
    case 'uint16':
      return { dims, data: Float32Array.from(new Uint16Array(bytes.buffer), (q) => q * scale + min), scale: 1, min: 0 };
    case 'float16':
      return { dims, data: Float32Array.from(new Float16Array(bytes.buffer)), scale: 1, min: 0 };
    case 'int32':
      return { dims, data: new Int32Array(bytes.buffer), scale: 1, min: 0 };
    default:
      return { dims, data: new Float32Array(bytes.buffer), scale: 1, min: 0 };
  }
}

/** The tensor's values as float64. */
export function valuesOf({ data, scale, min }: TfjsTensor): Float64Array {
  return Float64Array.from(data, (value) => value * scale + min);
}

/** Reorders the axes: axis i of the result is axis `order[i]` of the tensor. */
export function transposed(tensor: TfjsTensor, order: readonly number[]): TfjsTensor {
  const dims = order.map((axis) => tensor.dims[axis] ?? 1);
  const strides = tensor.dims.map((_, axis) =>
    tensor.dims.slice(axis + 1).reduce((product, size) => product * size, 1),
  );
  const data = tensor.data.slice();
  const index = dims.map(() => 0);
  for (let to = 0; to < data.length; to += 1) {
    data[to] = tensor.data[order.reduce((sum, axis, i) => sum + (index[i] ?? 0) * (strides[axis] ?? 0), 0)] ?? 0;
    for (let axis = dims.length - 1; axis >= 0; axis -= 1) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (dims[axis] ?? 1)) break;
      index[axis] = 0;
    }
  }
  return { ...tensor, dims, data };
}
