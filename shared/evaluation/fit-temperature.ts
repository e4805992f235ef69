import { assertLogits } from './assert-logits.ts';
import { predictedClasses } from './predictions.ts';

/**
 * Below it the temperature stays 1. Simulated (docs/decisions.md): for a model that needs no temperature a fit on 25
 * pictures costs up to 0.05 of log loss, on 50 at most 0.015; one that is twice too sure gains 0.07 to 0.12 from 50.
 */
export const MINIMUM_CALIBRATION_PICTURES = 50;

/** Far outside what trained heads need (0.5 to 3); a fit that ends here says more about the pictures than the model. */
export const TEMPERATURE_RANGE = { low: 0.05, high: 20 } as const;

/** Of log T. The log loss is flat around its minimum, so that more digits change nothing. */
const TOLERANCE = 1e-9;
const MAX_STEPS = 100;

export interface TemperatureFit {
  /** 1 when it was not fitted. */
  readonly temperature: number;
  readonly isFitted: boolean;
  /** One sentence for people. */
  readonly reason: string;
  /** Validation pictures. */
  readonly pictureCount: number;
}

/**
 * The temperature T that minimises the mean log loss of `softmax(logits / T)` on validation pictures. It changes no answer,
 * only how sure the answers are.
 *
 * With b = 1 / T the loss is convex, with slope `mean(E_p[z] - z_label)` and curvature `mean(Var_p[z])`. Newton's method looks
 * for the zero of the slope, held inside a bracket on log T that halves whenever a step would leave it: it ends for any input.
 *
 * @param logits `[N, C]` float32; N may be 0
 * @param truth `[N]`, each in `[0, C)`
 * @throws InvalidInputError code `invalid_evaluation`
 * @see C. Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2
 */
export function fitTemperature(logits: Float32Array, truth: Uint32Array, classCount: number): TemperatureFit {
  assertLogits(logits, truth, classCount);
  const pictureCount = truth.length;
  const kept = (reason: string): TemperatureFit => ({ temperature: 1, isFitted: false, reason, pictureCount });
  if (pictureCount === 0) return kept('there are no validation pictures, so the temperature stays 1');
  if (pictureCount < MINIMUM_CALIBRATION_PICTURES)
    return kept(
      `there are ${pictureCount} validation ${pictureCount === 1 ? 'picture' : 'pictures'}, fewer than the ${MINIMUM_CALIBRATION_PICTURES} that a temperature needs, so it stays 1`,
    );
  const predicted = predictedClasses(logits, classCount);
  if (truth.every((label, row) => predicted[row] === label))
    return kept(
      `all ${pictureCount} validation pictures are answered right, which sets no limit to certainty, so the temperature stays 1`,
    );
  const { low, high } = TEMPERATURE_RANGE;
  const temperature = minimise(logits, truth, classCount);
  const isAtLimit = temperature === low || temperature === high;
  const from = `from ${pictureCount} validation pictures`;
  return {
    temperature,
    isFitted: true,
    pictureCount,
    reason: isAtLimit
      ? `fitted ${from}; it ends at the limit ${temperature}, so the model hardly tells these pictures apart or they carry wrong labels`
      : `fitted ${from}`,
  };
}

function minimise(logits: Float32Array, truth: Uint32Array, classCount: number): number {
  const bracket = { low: Math.log(TEMPERATURE_RANGE.low), high: Math.log(TEMPERATURE_RANGE.high) };
  // The loss falls with b where the slope is negative: the best T is then smaller.
  if (slopeAt(logits, truth, classCount, bracket.low).slope <= 0) return TEMPERATURE_RANGE.low;
  if (slopeAt(logits, truth, classCount, bracket.high).slope >= 0) return TEMPERATURE_RANGE.high;
  let logT = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    const { slope, curvature } = slopeAt(logits, truth, classCount, logT);
    if (slope > 0) bracket.low = logT;
    else bracket.high = logT;
    const newton = -Math.log(Math.exp(-logT) - slope / curvature);
    const isInside = newton > bracket.low && newton < bracket.high;
    const next = isInside ? newton : (bracket.low + bracket.high) / 2;
    if (Math.abs(next - logT) < TOLERANCE) return Math.exp(next);
    logT = next;
  }
  return Math.exp(logT);
}

/** First and second derivative of the mean log loss by b = 1 / T. */
function slopeAt(
  logits: Float32Array,
  truth: Uint32Array,
  classCount: number,
  logT: number,
): { slope: number; curvature: number } {
  const b = Math.exp(-logT);
  let slope = 0;
  let curvature = 0;
  truth.forEach((label, row) => {
    const values = logits.subarray(row * classCount, (row + 1) * classCount);
    const max = values.reduce((a, value) => Math.max(a, value), Number.NEGATIVE_INFINITY);
    let sum = 0;
    let first = 0;
    let second = 0;
    for (const value of values) {
      const distance = value - max;
      const weight = Math.exp(b * distance);
      sum += weight;
      first += weight * distance;
      second += weight * distance * distance;
    }
    const mean = first / sum;
    slope += mean - ((values[label] ?? Number.NaN) - max);
    curvature += second / sum - mean * mean;
  });
  return { slope: slope / truth.length, curvature: curvature / truth.length };
}
