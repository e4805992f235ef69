import type { Mistake } from './evaluation.ts';
import { softmaxRow } from './predictions.ts';

/** As many as a person looks at; the report shows them with thumbnails. */
export const MAX_MISTAKES = 24;

interface Answers {
  readonly keys: readonly string[];
  readonly truth: Uint32Array;
  readonly predicted: Uint32Array;
  /** `[N, C]`. */
  readonly logits: Float32Array;
  readonly classCount: number;
  readonly temperature: number;
}

/** The wrong answers the model is surest of: wrong labels and pictures unlike the others are found here first. Equals by key. */
export function worstMistakes(answers: Answers): Mistake[] {
  const { keys, truth, predicted, logits, classCount, temperature } = answers;
  const probabilities = new Float64Array(classCount);
  const mistakes: Mistake[] = [];
  truth.forEach((label, row) => {
    const answer = predicted[row] ?? 0;
    if (answer === label) return;
    softmaxRow(logits, row, temperature, probabilities);
    mistakes.push({
      key: keys[row] ?? '',
      truth: label,
      predicted: answer,
      probability: probabilities[answer] ?? Number.NaN,
      truthProbability: probabilities[label] ?? Number.NaN,
    });
  });
  return mistakes.sort((a, b) => b.probability - a.probability || (a.key < b.key ? -1 : 1)).slice(0, MAX_MISTAKES);
}
