import { expect, it } from 'vitest';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { loadHeadEngine } from '../../../shared/head/load-head-engine.ts';
import { maxAbsDifference } from '../../support/arrays.ts';
import { clusteredRows } from '../../support/features.ts';
import { describeHeadEngine } from './head-engine.contract.ts';

describeHeadEngine('tfjs', () => loadHeadEngine('tfjs'));

it('gives the weights of the onnx engine within the rounding of float32', async () => {
  const request = {
    train: clusteredRows(200, 64, 5),
    valid: clusteredRows(50, 64, 5, 2),
    classCount: 5,
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 6 },
  };

  const [onnx, tfjs] = [
    await (await loadHeadEngine('onnx')).train(request),
    await (await loadHeadEngine('tfjs')).train(request),
  ];

  expect(maxAbsDifference(tfjs.weights.kernel, onnx.weights.kernel)).toBeLessThan(1e-5);
  expect(tfjs.bestEpoch).toBe(onnx.bestEpoch);
});
