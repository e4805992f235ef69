/**
 * How the training graph holds a kernel: `[parts, C, D / parts]` float32, transposed. A product with the transposed kernel takes half the
 * time on a batch of 32 rows, and a part with its moments stays in the cache during its update (docs/decisions.md).
 */
export interface KernelLayout {
  /** D. */
  readonly dimensions: number;
  /** C. */
  readonly classCount: number;
  /** A divisor of D. */
  readonly parts: number;
}

/** Values of a part at most: 1 MB. */
const PART_VALUES = 2 ** 18;
/** Inputs of a part at least; in narrower ones the products become slow. */
const PART_INPUTS = 64;

/** Parts in which a step walks over a kernel. */
export function partsOf(dimensions: number, classCount: number): number {
  let parts = 1;
  for (let divisor = 1; dimensions / divisor >= PART_INPUTS; divisor += 1) {
    if (dimensions % divisor !== 0) continue;
    parts = divisor;
    if ((dimensions / divisor) * classCount <= PART_VALUES) break;
  }
  return parts;
}

/** @param kernel `[D, C]` */
export function packKernel(kernel: Float32Array, { dimensions, classCount, parts }: KernelLayout): Float32Array {
  const packed = new Float32Array(kernel.length);
  const inputs = dimensions / parts;
  let target = 0;
  for (let first = 0; first < dimensions; first += inputs) {
    for (let c = 0; c < classCount; c += 1) {
      const source = first * classCount + c;
      for (let i = 0; i < inputs; i += 1, target += 1) packed[target] = kernel[source + i * classCount] ?? 0;
    }
  }
  return packed;
}

/** @returns `[D, C]` */
export function unpackKernel(packed: Float32Array, { dimensions, classCount, parts }: KernelLayout): Float32Array {
  const kernel = new Float32Array(packed.length);
  const inputs = dimensions / parts;
  let source = 0;
  for (let first = 0; first < dimensions; first += inputs) {
    for (let c = 0; c < classCount; c += 1) {
      const target = first * classCount + c;
      for (let i = 0; i < inputs; i += 1, source += 1) kernel[target + i * classCount] = packed[source] ?? 0;
    }
  }
  return kernel;
}
