import type { ActivationHistogram } from './activation-histogram.ts';

export const CALIBRATION_METHODS = ['minmax', 'percentile', 'mse'] as const;
/**
 * `minmax`: all values seen fit. `percentile`: all but one in ten thousand at each end. `mse`: the range with the least squared error
 * over the values seen, cutting or rounding.
 */
export type CalibrationMethod = (typeof CALIBRATION_METHODS)[number];

/** `real = (quantised - zeroPoint) * scale`, quantised in [0, 255]. */
export interface UInt8Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

const TAIL = 1e-4;
/** Shares of the full range that `mse` tries. */
const SHARES = Array.from({ length: 80 }, (_, step) => 1 - step / 100);

export function chooseScale(method: CalibrationMethod, histogram: ActivationHistogram): UInt8Scale {
  const full = { min: Math.min(0, histogram.min), max: Math.max(0, histogram.max) };
  switch (method) {
    case 'minmax':
      return toScale(full);
    case 'percentile':
      return toScale(withoutTails(histogram, full));
    case 'mse':
      return leastError(histogram, full);
  }
}

/** Zero is always exact, so that padding and ReLU are. */
function toScale({ min, max }: Range): UInt8Scale {
  let scale = Math.fround((max - min) / 255);
  if (!(scale > 0)) return { scale: 1, zeroPoint: 0 };
  // Not a bit above the range: ONNX Runtime then drops a Clip in front, as the quantisation itself does its work.
  if (scale * 255 > max - min) scale = Math.fround(scale * (1 - 2 ** -23));
  return { scale, zeroPoint: Math.min(255, Math.max(0, Math.round(-min / scale))) };
}

function withoutTails(histogram: ActivationHistogram, full: Range): Range {
  const total = histogram.bins.reduce((sum, count) => sum + count, 0);
  const edge = (from: 'low' | 'high') => {
    const bins = [...histogram.bins.keys()];
    let beyond = 0;
    const at = (from === 'low' ? bins : bins.reverse()).find((bin) => {
      beyond += histogram.bins[bin] ?? 0;
      return beyond > total * TAIL;
    });
    return histogram.valueAt(at ?? 0);
  };
  return { min: Math.max(full.min, Math.min(0, edge('low'))), max: Math.min(full.max, Math.max(0, edge('high'))) };
}

function leastError(histogram: ActivationHistogram, full: Range): UInt8Scale {
  const filled = [...histogram.bins.keys()].filter((bin) => (histogram.bins[bin] ?? 0) > 0);
  const values = filled.map((bin) => ({ value: histogram.valueAt(bin), count: histogram.bins[bin] ?? 0 }));
  let best = { scale: toScale(full), error: Infinity };
  for (const share of SHARES) {
    const scale = toScale({ min: full.min * share, max: full.max * share });
    const error = squaredError(values, scale);
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}

function squaredError(values: readonly { value: number; count: number }[], { scale, zeroPoint }: UInt8Scale): number {
  let sum = 0;
  const [lowest, highest] = [-zeroPoint * scale, (255 - zeroPoint) * scale];
  for (const { value, count } of values) {
    // Inside the range a rounding error of scale² / 12 on average, whatever the bin's width.
    const beyond = value < lowest ? lowest - value : value > highest ? value - highest : 0;
    sum += count * (beyond > 0 ? beyond ** 2 : scale ** 2 / 12);
  }
  return sum;
}
