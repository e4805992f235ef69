/** Largest absolute difference of two sequences of the same length; Infinity when a value is not finite. */
export function maxAbsDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`expected ${b.length} values, received ${a.length}`);
  let max = 0;
  for (let index = 0; index < a.length; index += 1) {
    const difference = Math.abs((a[index] ?? Number.NaN) - (b[index] ?? Number.NaN));
    max = Number.isFinite(difference) ? Math.max(max, difference) : Number.POSITIVE_INFINITY;
  }
  return max;
}
