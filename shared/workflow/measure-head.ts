import { evaluateLogits } from '../evaluation/evaluate-logits.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { fitTemperature, type TemperatureFit } from '../evaluation/fit-temperature.ts';
import { predictedClasses } from '../evaluation/predictions.ts';
import { logitsOfRows, type LogitsHead } from './logits-of-rows.ts';
import type { SplitRows } from './split-rows.ts';

/** How good a head is on pictures that it was not trained on. */
export interface HeldOutMeasurement {
  readonly temperature: TemperatureFit;
  /** On the test pictures, or without any on the validation pictures; null when nothing was held out. */
  readonly evaluation: Evaluation | null;
  /** Of the evaluation's pictures, by key: whether the most probable label is theirs. */
  readonly isRight: ReadonlyMap<string, boolean>;
}

/** Fits the temperature on the validation rows, then measures on the test rows. */
export async function measureHead(
  head: LogitsHead,
  { valid, test }: { readonly valid: SplitRows | null; readonly test: SplitRows | null },
  labels: readonly string[],
): Promise<HeldOutMeasurement> {
  const classCount = labels.length;
  const validLogits = valid === null ? new Float32Array() : await logitsOfRows(head, valid.features, classCount);
  const temperature = fitTemperature(validLogits, valid?.labels ?? new Uint32Array(), classCount);
  const heldOut = test ?? valid;
  if (heldOut === null) return { temperature, evaluation: null, isRight: new Map() };
  const logits = test === null ? validLogits : await logitsOfRows(head, test.features, classCount);
  const evaluation = evaluateLogits({
    labels,
    keys: heldOut.keys,
    truth: heldOut.labels,
    logits,
    temperature: temperature.temperature,
    split: test === null ? 'valid' : 'test',
  });
  const predicted = predictedClasses(logits, classCount);
  const isRight = new Map(heldOut.keys.map((key, row) => [key, predicted[row] === heldOut.labels[row]]));
  return { temperature, evaluation, isRight };
}
