import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../shared/errors.ts';
import {
  DEFAULT_HYPERPARAMETERS,
  describeConstraint,
  HYPERPARAMETER_CONSTRAINTS,
  parseHyperparameters,
} from '../../../shared/head/hyperparameters.ts';

describe('parseHyperparameters', () => {
  it("fills in the seed's own values, and the caller's win", () => {
    expect(parseHyperparameters({})).toEqual(DEFAULT_HYPERPARAMETERS);
    expect(DEFAULT_HYPERPARAMETERS).toMatchObject({
      dropout: 0.5,
      learningRate: 0.001,
      batchSize: 32,
      l2: 0,
      classWeights: 'none',
    });
    expect(parseHyperparameters({ dropout: 0.2, epochs: undefined })).toEqual({
      ...DEFAULT_HYPERPARAMETERS,
      dropout: 0.2,
    });
  });

  describe.each(Object.entries(HYPERPARAMETER_CONSTRAINTS))('%s', (name, constraint) => {
    const { min, max, kind, isMinExcluded, isMaxExcluded } = constraint;
    const step = kind === 'integer' ? 1 : 1e-6;
    const invalid = [
      isMinExcluded ? min : min - step,
      isMaxExcluded ? max : max + step,
      ...(kind === 'integer' ? [min + 0.5] : []),
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '1',
      null,
    ];
    const valid = [isMinExcluded ? min + step : min, isMaxExcluded ? max - step : max];

    it.each(invalid)('refuses %s and says what is allowed', (value) => {
      expect(() => parseHyperparameters({ [name]: value })).toThrow(InvalidInputError);
      expect(() => parseHyperparameters({ [name]: value })).toThrow(
        `${name}: expected ${describeConstraint(constraint)}`,
      );
    });

    it.each(valid)('takes %s', (value) => {
      expect(parseHyperparameters({ [name]: value })).toMatchObject({ [name]: value });
    });
  });

  it('tells all failures at once, unknown names too', () => {
    const failing = () => parseHyperparameters({ epochs: 0, dropout: 1, classWeights: 'some', momentum: 0.9 });

    expect(failing).toThrow(
      /unknown name "momentum".*epochs: .*received 0; dropout: .*received 1; classWeights: expected none or auto, received some/,
    );
  });
});
