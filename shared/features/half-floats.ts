/**
 * The first value that is not a number or infinite, or -1.
 *
 * Works on the bits, two values at a time: a half is finite when its lower 15 bits are below 0x7c00, so adding 0x0400 to them must not
 * reach bit 15. At the speed of memory, because every loaded vector passes here.
 */
export function indexOfNonFinite(values: Float16Array): number {
  const isAligned = values.byteOffset % 4 === 0;
  const pairCount = isAligned ? values.length >> 1 : 0;
  const pairs = isAligned ? new Int32Array(values.buffer, values.byteOffset, pairCount) : new Int32Array(0);
  const isSuspicious = hasNonFinitePair(pairs);
  if (isSuspicious || !isAligned) return values.findIndex((value) => !Number.isFinite(value));
  const last = values.length - 1;
  return values.length % 2 === 1 && !Number.isFinite(values[last]) ? last : -1;
}

/** Four at a time, as signed integers: unsigned ones above 2^31 would be computed as floating-point numbers. */
function hasNonFinitePair(pairs: Int32Array): boolean {
  let seen = 0;
  const whole = pairs.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    seen |= (((pairs[i] ?? 0) & 0x7fff7fff) + 0x04000400) | 0;
    seen |= (((pairs[i + 1] ?? 0) & 0x7fff7fff) + 0x04000400) | 0;
    seen |= (((pairs[i + 2] ?? 0) & 0x7fff7fff) + 0x04000400) | 0;
    seen |= (((pairs[i + 3] ?? 0) & 0x7fff7fff) + 0x04000400) | 0;
  }
  for (const pair of pairs.subarray(whole)) seen |= ((pair & 0x7fff7fff) + 0x04000400) | 0;
  return (seen & 0x80008000) !== 0;
}
