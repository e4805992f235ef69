/**
 * The first value that is not a number or infinite, or -1.
 *
 * Works on the bits, two values at a time: a half is finite when its lower 15 bits are below 0x7c00, so adding 0x0400 to them must not
 * reach bit 15. At the speed of memory, because every loaded vector passes here.
 */
export function indexOfNonFinite(values: Float16Array): number {
  const isAligned = values.byteOffset % 4 === 0;
  const pairCount = isAligned ? values.length >> 1 : 0;
  const pairs = isAligned ? new Uint32Array(values.buffer, values.byteOffset, pairCount) : new Uint32Array(0);
  const isSuspicious = hasNonFinitePair(pairs);
  if (isSuspicious || !isAligned) return values.findIndex((value) => !Number.isFinite(value));
  const last = values.length - 1;
  return values.length % 2 === 1 && !Number.isFinite(values[last]) ? last : -1;
}

function hasNonFinitePair(pairs: Uint32Array): boolean {
  let seen = 0;
  for (const pair of pairs) seen |= (pair & 0x7fff7fff) + 0x04000400;
  return (seen & 0x80008000) !== 0;
}
