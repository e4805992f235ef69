export const MIB = 1024 * 1024;

/** The smallest parts that S3 takes, so that objects of a few MiB have several. */
export const SMALL_PARTS = { thresholdBytes: 6 * MIB, partBytes: 5 * MIB, concurrency: 2 };

/** No two parts alike, and another for each seed: parts that change places or writers are seen. */
export function patternOf(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  for (let offset = 0; offset + 4 <= sizeBytes; offset += 4)
    view.setUint32(offset, Math.imul(offset + seed, 0x9e3779b1));
  bytes[sizeBytes - 1] = seed;
  return bytes;
}
