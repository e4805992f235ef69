/** Index of the largest value of each row of `[N, C]`; the first of equals. */
export function predictedClasses(logits: Float32Array, classCount: number): Uint32Array {
  return Uint32Array.from({ length: logits.length / classCount }, (_, row) =>
    largestIndex(logits, row * classCount, classCount),
  );
}

function largestIndex(values: Float32Array, start: number, length: number): number {
  let best = 0;
  let bestValue = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < length; index++) {
    const value = values[start + index] ?? Number.NaN;
    if (value > bestValue) {
      best = index;
      bestValue = value;
    }
  }
  return best;
}

/** Place of the right label in each row ordered by logit, from 0; equals before it count as better, as `predictedClasses` picks. */
export function ranksOfTruth(logits: Float32Array, truth: Uint32Array, classCount: number): Uint32Array {
  return truth.map((label, row) => {
    const start = row * classCount;
    const own = logits[start + label] ?? Number.NaN;
    let rank = 0;
    for (let index = 0; index < classCount; index++) {
      const value = logits[start + index] ?? Number.NaN;
      if (value > own || (value === own && index < label)) rank++;
    }
    return rank;
  });
}

/** Softmax of one row of logits divided by `temperature`, in float64; written to `out` (`[C]`). */
export function softmaxRow(logits: Float32Array, row: number, temperature: number, out: Float64Array): void {
  const start = row * out.length;
  let max = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < out.length; index++) max = Math.max(max, logits[start + index] ?? Number.NaN);
  let sum = 0;
  for (let index = 0; index < out.length; index++) {
    const value = Math.exp(((logits[start + index] ?? Number.NaN) - max) / temperature);
    out[index] = value;
    sum += value;
  }
  for (let index = 0; index < out.length; index++) out[index] = (out[index] ?? Number.NaN) / sum;
}
