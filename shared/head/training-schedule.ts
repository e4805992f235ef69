import { ADAM } from './hyperparameters.ts';

/** What changes from step to step in one block of the training graph (training-graph.ts says what each is for). */
export interface TrainingSchedule {
  readonly steps: number;
  /** q of each step, `[steps]`. */
  readonly scale: Float64Array;
  readonly rate: Float32Array;
  readonly epsilon: Float32Array;
  readonly l2Scale: Float32Array;
  /** 1 / q after the last step. */
  readonly endScale: number;
}

export interface ScheduleRequest {
  readonly steps: number;
  /** Updates made before the block. */
  readonly stepsBefore: number;
  readonly learningRate: number;
  readonly l2: number;
}

/**
 * Steps that one block may have: q grows by 1 / sqrt(beta2) a step, and its square must stay far from float32's largest number
 * (after 40,000 steps q^2 is 2.4e17).
 */
export const MAX_STEPS_PER_BLOCK = 40_000;

/** Computed in float64, rounded once. */
export function trainingSchedule({ steps, stepsBefore, learningRate, l2 }: ScheduleRequest): TrainingSchedule {
  const { beta1, beta2, epsilon } = ADAM;
  const scale = Float64Array.from({ length: steps }, (_, index) => beta2 ** (-(index + 1) / 2));
  return {
    steps,
    scale,
    rate: Float32Array.from(scale, (_, index) => {
      const t = stepsBefore + index + 1;
      const corrected = (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
      return (corrected * (1 - beta1)) / Math.sqrt(1 - beta2);
    }),
    epsilon: Float32Array.from(scale, (q) => (epsilon * q) / Math.sqrt(1 - beta2)),
    l2Scale: Float32Array.from(scale, (q) => 2 * l2 * q),
    endScale: 1 / (scale[steps - 1] ?? 1),
  };
}
