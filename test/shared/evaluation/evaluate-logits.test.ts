import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../shared/errors.ts';
import { CONFIDENCE_BINS } from '../../../shared/evaluation/calibration.ts';
import { evaluateLogits, type EvaluateRequest } from '../../../shared/evaluation/evaluate-logits.ts';
import type { Evaluation } from '../../../shared/evaluation/evaluation.ts';
import { metricsSummaryOf } from '../../../shared/evaluation/metrics-summary.ts';
import { MAX_MISTAKES } from '../../../shared/evaluation/worst-mistakes.ts';
import { makeRequest } from '../../support/evaluations.ts';
import { readMetricsFixture, type MetricsFixture } from '../../support/metrics-fixture.ts';

const LABELS = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox', 'gnu'];

function evaluateCase(fixture: MetricsFixture['cases'][number]): Evaluation {
  return evaluateLogits({
    labels: LABELS.slice(0, fixture.classes),
    keys: fixture.truth.map(String),
    truth: Uint32Array.from(fixture.truth),
    logits: Float32Array.from(fixture.logits),
    temperature: fixture.temperature,
  });
}

function denseConfusion({ labels, confusion }: Evaluation): number[][] {
  const matrix = labels.map(() => labels.map(() => 0));
  for (const { truth, predicted, count } of confusion) matrix[truth]?.splice(predicted, 1, count);
  return matrix;
}

/** Rows of [logits..., index of the right label]. */
function request(rows: readonly (readonly number[])[], changes: Partial<EvaluateRequest> = {}): EvaluateRequest {
  const classCount = (rows[0]?.length ?? 1) - 1;
  return {
    labels: LABELS.slice(0, classCount),
    keys: rows.map((_, row) => `${row}.jpg`),
    truth: Uint32Array.from(rows, (row) => row.at(-1) ?? 0),
    logits: Float32Array.from(rows.flatMap((row) => row.slice(0, -1))),
    temperature: 1,
    ...changes,
  };
}

describe.each(readMetricsFixture().cases)('evaluateLogits on "$name"', (fixture) => {
  const evaluation = evaluateCase(fixture);

  it('gives the accuracy, top-k accuracies and confusion matrix of scikit-learn', () => {
    expect(evaluation.accuracy.value).toBeCloseTo(fixture.accuracy, 14);
    expect(evaluation.topK).toHaveLength(fixture.topK.length);
    evaluation.topK.forEach(({ k, accuracy }, index) => {
      expect(k).toBe(fixture.topK[index]?.k);
      expect(accuracy).toBeCloseTo(fixture.topK[index]?.accuracy ?? Number.NaN, 14);
    });
    expect(denseConfusion(evaluation)).toEqual(fixture.confusion);
  });

  it('gives the precision, recall and F1 of scikit-learn, of each label and averaged', () => {
    evaluation.perLabel.forEach((metrics, index) => {
      expect(metrics.support).toBe(fixture.support[index]);
      const pairs = [
        [metrics.precision, fixture.precision[index]],
        [metrics.recall?.value ?? null, fixture.recall[index]],
        [metrics.f1, fixture.f1[index]],
      ] as const;
      for (const [ours, theirs] of pairs) {
        if (ours === null || theirs === null) expect(ours).toBe(theirs);
        else expect(ours).toBeCloseTo(theirs ?? Number.NaN, 14);
      }
    });
    for (const kind of ['macro', 'weighted'] as const)
      for (const measure of ['precision', 'recall', 'f1'] as const)
        expect(evaluation[kind][measure]).toBeCloseTo(fixture[kind][measure], 14);
  });

  it.each(['before', 'after'] as const)('gives the log loss, Brier score and calibration error %s scaling', (when) => {
    for (const measure of ['logLoss', 'brier', 'expectedError'] as const)
      expect(evaluation.calibration[when][measure]).toBeCloseTo(fixture[when][measure], 12);
  });
});

describe('evaluateLogits', () => {
  it('is plain JSON, and the same for the same pictures in another order', () => {
    const straight = makeRequest(80, ['a', 'b', 'c'], { sharpness: 2, temperature: 1.7 });
    const order = Array.from({ length: 80 }, (_, index) => (index * 37) % 80);
    const shuffled: EvaluateRequest = {
      ...straight,
      keys: order.map((row) => straight.keys[row] ?? ''),
      truth: Uint32Array.from(order, (row) => straight.truth[row] ?? 0),
      logits: Float32Array.from(order.flatMap((row) => [...straight.logits.subarray(row * 3, row * 3 + 3)])),
    };
    const evaluation = evaluateLogits(straight);
    expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
    expect(JSON.stringify(evaluateLogits(straight))).toBe(JSON.stringify(evaluation));
    const { calibration, ...counted } = evaluateLogits(shuffled);
    const { calibration: expected, ...rest } = evaluation;
    expect(counted).toEqual(rest);
    expect(calibration.after.logLoss).toBeCloseTo(expected.after.logLoss, 12);
  });

  it('does not change its input', () => {
    const given = makeRequest(20, ['a', 'b']);
    const before = { truth: [...given.truth], logits: [...given.logits] };
    evaluateLogits(given);
    expect({ truth: [...given.truth], logits: [...given.logits] }).toEqual(before);
  });

  it('keeps the identities of the measures for any answers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 2, max: 7 }),
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (count, classCount, seed, temperature) => {
          const labels = LABELS.slice(0, classCount);
          const evaluation = evaluateLogits(makeRequest(count, labels, { seed, temperature }));
          const { perLabel, confusion, accuracy, weighted, calibration, topK, mistakes } = evaluation;
          expect(confusion.reduce((sum, cell) => sum + cell.count, 0)).toBe(count);
          expect(perLabel.reduce((sum, label) => sum + label.support, 0)).toBe(count);
          expect(perLabel.reduce((sum, label) => sum + label.predictedCount, 0)).toBe(count);
          // Every answer is for one label, so that recall weighted by pictures is the accuracy.
          expect(weighted.recall).toBeCloseTo(accuracy.value, 12);
          expect(topK[0]?.accuracy).toBe(accuracy.value);
          expect(topK.map((top) => top.accuracy)).toEqual([...topK.map((top) => top.accuracy)].sort((a, b) => a - b));
          expect(mistakes.length).toBe(Math.min(MAX_MISTAKES, count - evaluation.correctCount));
          for (const { bins, expectedError, brier } of [calibration.before, calibration.after]) {
            expect(bins).toHaveLength(CONFIDENCE_BINS);
            expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(count);
            expect(expectedError).toBeGreaterThanOrEqual(0);
            expect(expectedError).toBeLessThanOrEqual(1);
            expect(brier).toBeLessThanOrEqual(2);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives the same measures when every picture occurs twice', () => {
    const once = makeRequest(40, ['a', 'b', 'c']);
    const twice: EvaluateRequest = {
      ...once,
      keys: [...once.keys, ...once.keys.map((key) => `again/${key}`)],
      truth: Uint32Array.of(...once.truth, ...once.truth),
      logits: Float32Array.of(...once.logits, ...once.logits),
    };
    const [a, b] = [evaluateLogits(once), evaluateLogits(twice)];
    expect(b.accuracy.value).toBe(a.accuracy.value);
    expect(b.macro).toEqual(a.macro);
    expect(b.calibration.before.logLoss).toBeCloseTo(a.calibration.before.logLoss, 12);
    expect(b.calibration.before.expectedError).toBeCloseTo(a.calibration.before.expectedError, 12);
    expect(b.accuracy.high - b.accuracy.low).toBeLessThan(a.accuracy.high - a.accuracy.low);
  });

  it('takes the first of equal logits as the answer, in accuracy and top-k alike', () => {
    const rows = [
      [1, 1, 1, 1, 0],
      [1, 1, 1, 1, 0],
      [1, 1, 1, 1, 3],
    ];
    const { correctCount, topK } = evaluateLogits(request(rows));
    expect(correctCount).toBe(2);
    expect(topK).toEqual([
      { k: 1, accuracy: 2 / 3 },
      { k: 3, accuracy: 2 / 3 },
    ]);
  });

  it('caps what one impossible answer costs in the log loss', () => {
    const { calibration } = evaluateLogits(request([[1000, -1000, 1]]));
    expect(calibration.before.logLoss).toBeCloseTo(36.0437, 4); // -ln 2^-52
    expect(calibration.before.brier).toBe(2);
  });

  it('has 1 for everything when all is right and certain, and keeps the interval honest', () => {
    const rows = Array.from({ length: 12 }, (_, row) => (row % 2 === 0 ? [50, -50, 0] : [-50, 50, 1]));
    const evaluation = evaluateLogits(request(rows));
    expect(evaluation.macro).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(evaluation.calibration.before.logLoss).toBeCloseTo(0, 12);
    expect(evaluation.mistakes).toEqual([]);
    expect(evaluation.accuracy.low).toBeLessThan(0.77);
    expect(evaluation.accuracy.high).toBe(1);
  });

  it('lists the most certain mistakes first, with both probabilities after the temperature', () => {
    const rows = [
      [1, 0, 1],
      [3, 0, 1],
      [0, 3, 1],
      [2, 0, 1],
    ];
    const { mistakes } = evaluateLogits(request(rows, { temperature: 2 }));
    expect(mistakes.map(({ key }) => key)).toEqual(['1.jpg', '3.jpg', '0.jpg']);
    expect(mistakes[0]?.probability).toBeCloseTo(1 / (1 + Math.exp(-1.5)), 12);
    expect(mistakes[0]?.truthProbability).toBeCloseTo(1 / (1 + Math.exp(1.5)), 12);
  });

  it('puts a probability on the edge of two bins into the lower one', () => {
    const { calibration } = evaluateLogits(request([[0, 0, 0, 0, 0, 2]]));
    const filled = calibration.before.bins.findIndex(({ count }) => count === 1);
    expect(filled).toBe(2);
    expect(calibration.before.bins[2]).toMatchObject({ low: 2 / 15, high: 0.2 });
  });

  it.each<[string, EvaluateRequest, RegExp]>([
    ['no pictures', request([], { labels: ['a', 'b'] }), /expected labelled pictures/],
    ['one label', request([[1, 0]]), /expected at least 2 labels/],
    ['a key too few', request([[1, 0, 0]], { keys: [] }), /expected a key for each of 1 pictures, received 0/],
    ['logits of other labels', request([[1, 0, 0]], { labels: ['a', 'b', 'c'] }), /3 numbers, received 2/],
    ['a label outside', request([[1, 0, 2]]), /below 2, received 2/],
    ['a logit that is not a number', request([[1, Number.NaN, 0]]), /received NaN for picture 0/],
    ['an infinite logit', request([[Number.POSITIVE_INFINITY, 0, 0]]), /received Infinity/],
    ['temperature 0', request([[1, 0, 0]], { temperature: 0 }), /temperature above 0, received 0/],
    ['a temperature that is not a number', request([[1, 0, 0]], { temperature: Number.NaN }), /received NaN/],
  ])('refuses %s', (_, given, message) => {
    expect(() => evaluateLogits(given)).toThrow(InvalidInputError);
    expect(() => evaluateLogits(given)).toThrow(message);
  });
});

describe('warnings of evaluateLogits', () => {
  const warningsOf = (rows: readonly (readonly number[])[], changes?: Partial<EvaluateRequest>) =>
    evaluateLogits(request(rows, changes)).warnings.join('\n');
  const right = (label: number, count: number, classCount = 2) =>
    Array.from({ length: count }, () => [...LABELS.slice(0, classCount).map((_, c) => (c === label ? 4 : 0)), label]);

  it('states the interval when few pictures make it wide, and not when there are many', () => {
    expect(warningsOf([...right(0, 5), ...right(1, 5), [0, 4, 0], [4, 0, 1]])).toContain(
      '12 test pictures: the true accuracy is between 55% and 96% (95% interval)',
    );
    expect(warningsOf([...right(0, 1000), ...right(1, 1000)])).toBe('');
  });

  it('says when the model is not clearly better than always the same answer', () => {
    const missed = (count: number) => Array.from({ length: count }, () => [4, 0, 1]);
    const warning = 'always answering "ant" would reach 95.0%: the model is not clearly better than that';
    expect(warningsOf([...right(0, 95), ...missed(5)])).toContain(warning);
    expect(warningsOf([...right(0, 95), ...right(1, 1), ...missed(4)])).toContain(warning);
    expect(warningsOf([...right(0, 95), ...right(1, 5)])).not.toContain('always answering');
  });

  it('names labels with few, without, and with only misjudged pictures', () => {
    const rows = [...right(0, 200, 4), ...right(1, 3, 4), ...Array.from({ length: 20 }, () => [4, 0, 0, 0, 2])];
    const warnings = warningsOf(rows);
    expect(warnings).toContain('label "bee" has only 3 test pictures');
    expect(warnings).toContain('1 of 4 labels has no test picture ("dog")');
    expect(warnings).toContain('no test picture of "cat" was recognised');
  });

  it('says that every label has few pictures in one sentence', () => {
    expect(warningsOf([...right(0, 5), ...right(1, 6)])).toContain('every label has fewer than 10 test pictures');
  });

  it('says that validation pictures were used, and names new ones so', () => {
    expect(warningsOf(right(0, 30), { split: 'valid' })).toContain('these are the validation pictures');
    expect(warningsOf([...right(0, 5), ...right(1, 5)], { split: 'new' })).toContain('10 new pictures:');
  });

  it('says when the temperature makes these pictures worse', () => {
    expect(warningsOf([...right(0, 200), ...right(1, 200)], { temperature: 3 })).toContain(
      'the temperature 3.00 raises',
    );
  });
});

describe('metricsSummaryOf', () => {
  it('takes the numbers with the temperature applied', () => {
    const evaluation = evaluateLogits(makeRequest(60, ['a', 'b'], { sharpness: 2, temperature: 2 }));
    expect(metricsSummaryOf(evaluation)).toEqual({
      split: 'test',
      pictureCount: 60,
      accuracy: evaluation.accuracy.value,
      accuracyLow: evaluation.accuracy.low,
      accuracyHigh: evaluation.accuracy.high,
      macroF1: evaluation.macro.f1,
      logLoss: evaluation.calibration.after.logLoss,
      calibrationErrorBefore: evaluation.calibration.before.expectedError,
      calibrationErrorAfter: evaluation.calibration.after.expectedError,
    });
  });

  it('refuses pictures that are no part of the split', () => {
    const evaluation = evaluateLogits({ ...makeRequest(20, ['a', 'b']), split: 'new' });
    expect(() => metricsSummaryOf(evaluation)).toThrow(/new pictures/);
  });
});
