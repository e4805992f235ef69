import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateLogits } from '../../../shared/evaluation/evaluate-logits.ts';
import {
  fitTemperature,
  MINIMUM_CALIBRATION_PICTURES,
  TEMPERATURE_RANGE,
} from '../../../shared/evaluation/fit-temperature.ts';
import { makeAnswers } from '../../support/evaluations.ts';
import { readMetricsFixture } from '../../support/metrics-fixture.ts';

/** Written apart from the code under test: the mean log loss at a temperature. */
function logLossAt(logits: Float32Array, truth: Uint32Array, classCount: number, temperature: number): number {
  const losses = Array.from(truth, (label, row) => {
    const values = Array.from(
      logits.subarray(row * classCount, (row + 1) * classCount),
      (value) => value / temperature,
    );
    const max = Math.max(...values);
    return max + Math.log(values.reduce((sum, value) => sum + Math.exp(value - max), 0)) - (values[label] ?? 0);
  });
  return losses.reduce((a, b) => a + b) / losses.length;
}

describe('fitTemperature', () => {
  it.each(readMetricsFixture().cases)('equals SciPy on "$name"', ({ logits, truth, classes, temperature }) => {
    const fit = fitTemperature(Float32Array.from(logits), Uint32Array.from(truth), classes);
    expect(fit.isFitted).toBe(true);
    // SciPy compares values of the loss, which is flat there: it has half the digits.
    expect(Math.abs(fit.temperature / temperature - 1)).toBeLessThan(1e-6);
  });

  it('finds a loss that no other temperature of the range is below', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 2, max: 6 }),
        fc.double({ min: 0.02, max: 50, noNaN: true }),
        (seed, classCount, sharpness) => {
          const { logits, truth } = makeAnswers(80, classCount, seed, sharpness);
          const { temperature, isFitted } = fitTemperature(logits, truth, classCount);
          fc.pre(isFitted);
          const best = logLossAt(logits, truth, classCount, temperature);
          for (const other of [0.05, 0.1, 0.5, temperature * 0.99, temperature * 1.01, 1, 2, 5, 20])
            if (other >= TEMPERATURE_RANGE.low && other <= TEMPERATURE_RANGE.high)
              expect(logLossAt(logits, truth, classCount, other)).toBeGreaterThanOrEqual(best - 1e-9);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('scales with the logits: twice the logits need twice the temperature', () => {
    const { logits, truth } = makeAnswers(300, 4, 5);
    const single = fitTemperature(logits, truth, 4).temperature;
    const double = fitTemperature(
      logits.map((value) => 2 * value),
      truth,
      4,
    ).temperature;
    expect(double / single).toBeCloseTo(2, 6);
  });

  it('is not moved by a constant that is added to all logits of a picture', () => {
    const { logits, truth } = makeAnswers(300, 4, 5);
    const shifted = logits.map((value, index) => value + (Math.floor(index / 4) % 7) * 16);
    expect(fitTemperature(shifted, truth, 4).temperature).toBeCloseTo(fitTemperature(logits, truth, 4).temperature, 4);
  });

  it('sets right on other pictures what is too sure', () => {
    const valid = makeAnswers(400, 5, 11, 2.5);
    const test = makeAnswers(2000, 5, 12, 2.5);
    const { temperature } = fitTemperature(valid.logits, valid.truth, 5);
    expect(temperature).toBeGreaterThan(2);
    expect(temperature).toBeLessThan(3);
    const keys = Array.from(test.truth, (_, row) => String(row));
    const { calibration } = evaluateLogits({ labels: ['a', 'b', 'c', 'd', 'e'], keys, ...test, temperature });
    expect(calibration.after.expectedError).toBeLessThan(calibration.before.expectedError / 3);
    expect(calibration.after.logLoss).toBeLessThan(calibration.before.logLoss);
  });

  it('keeps 1 without validation pictures and with too few, and says so', () => {
    expect(fitTemperature(new Float32Array(0), new Uint32Array(0), 3)).toEqual({
      temperature: 1,
      isFitted: false,
      reason: 'there are no validation pictures, so the temperature stays 1',
      pictureCount: 0,
    });
    const few = makeAnswers(MINIMUM_CALIBRATION_PICTURES - 1, 3, 1);
    const fit = fitTemperature(few.logits, few.truth, 3);
    expect(fit).toMatchObject({ temperature: 1, isFitted: false, pictureCount: MINIMUM_CALIBRATION_PICTURES - 1 });
    expect(fit.reason).toContain(`fewer than the ${MINIMUM_CALIBRATION_PICTURES}`);
  });

  it('fits from the smallest allowed number on', () => {
    const enough = makeAnswers(MINIMUM_CALIBRATION_PICTURES, 3, 1);
    expect(fitTemperature(enough.logits, enough.truth, 3).isFitted).toBe(true);
  });

  it('keeps 1 when every validation picture is right, where the best temperature would be 0', () => {
    const truth = Uint32Array.from({ length: 60 }, (_, row) => row % 3);
    const logits = Float32Array.from({ length: 180 }, (_, index) => (index % 3 === Math.floor(index / 3) % 3 ? 2 : 0));
    const fit = fitTemperature(logits, truth, 3);
    expect(fit).toMatchObject({ temperature: 1, isFitted: false });
    expect(fit.reason).toContain('all 60 validation pictures are answered right');
  });

  it('ends at the upper limit, and says so, when every answer is wrong', () => {
    const truth = Uint32Array.from({ length: 60 }, (_, row) => row % 2);
    const logits = Float32Array.from({ length: 120 }, (_, index) => (index % 2 === Math.floor(index / 2) % 2 ? -3 : 3));
    const fit = fitTemperature(logits, truth, 2);
    expect(fit.temperature).toBe(TEMPERATURE_RANGE.high);
    expect(fit.reason).toContain('ends at the limit 20');
  });

  it('ends with finite numbers for logits of any size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 180, maxLength: 180 }),
        (values) => {
          const truth = Uint32Array.from({ length: 60 }, (_, row) => row % 3);
          const { temperature } = fitTemperature(Float32Array.from(values), truth, 3);
          expect(temperature).toBeGreaterThanOrEqual(TEMPERATURE_RANGE.low);
          expect(temperature).toBeLessThanOrEqual(TEMPERATURE_RANGE.high);
        },
      ),
    );
  });

  it('refuses logits that do not fit the pictures', () => {
    expect(() => fitTemperature(new Float32Array(5), new Uint32Array(2), 3)).toThrow(/6 numbers, received 5/);
  });
});
