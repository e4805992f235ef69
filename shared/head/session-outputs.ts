import type { DenseTensor } from '../onnx/session.ts';

type Outputs = Readonly<Record<string, DenseTensor>>;

/** The values of an output that must be float32. */
export function floatsOf(outputs: Outputs, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new TypeError(`expected a float32 output "${name}", received ${data === undefined ? 'none' : 'another type'}`);
}

/** The values of an output that must be int64. */
export function intsOf(outputs: Outputs, name: string): BigInt64Array {
  const data = outputs[name]?.data;
  if (data instanceof BigInt64Array) return data;
  throw new TypeError(`expected an int64 output "${name}", received ${data === undefined ? 'none' : 'another type'}`);
}
