/** A tensor of a weight file, converted to float32. */
export interface WeightTensor {
  readonly dims: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** Reads one tensor at a time, so that memory holds one tensor and not the file. */
export interface WeightsReader {
  /** The file's name, for messages. */
  readonly fileName: string;
  has(name: string): boolean;
  /** @throws DamagedFileError when the bytes cannot be read */
  read(name: string): WeightTensor;
  close(): void;
}
