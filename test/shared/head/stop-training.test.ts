import { expect, it } from 'vitest';
import { CancelledError } from '../../../shared/errors.ts';
import type { TrainHeadRequest } from '../../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { openOnnxTrainer } from '../../../shared/head/onnx-engine.ts';
import { trainInBlocks, type BlockTrainer } from '../../../shared/head/training-loop.ts';
import { clusteredRows } from '../../support/features.ts';

const DIMENSIONS = 64;
const BLOCKS = 4000;
const ROWS_PER_BLOCK = 32;

it('lets a timer stop a training within its only epoch, as a function near its deadline does', async () => {
  const stop = new AbortController();
  const epochs: number[] = [];
  let blocks = 0;
  /** The real one; sets the timer off once the epoch has begun. */
  const openTrainer = async (request: TrainHeadRequest): Promise<BlockTrainer> => {
    const trainer = await openOnnxTrainer(request);
    const trainBlock: BlockTrainer['trainBlock'] = (...block) => {
      if (blocks === 0) {
        setTimeout(() => {
          stop.abort();
        });
      }
      blocks++;
      return trainer.trainBlock(...block);
    };
    return { trainBlock, weights: () => trainer.weights(), close: () => trainer.close() };
  };
  const request = {
    train: clusteredRows(BLOCKS * ROWS_PER_BLOCK, DIMENSIONS, 4),
    valid: null,
    classCount: 4,
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 1, batchSize: ROWS_PER_BLOCK },
    signal: stop.signal,
    onEpoch: ({ epoch }: { readonly epoch: number }) => epochs.push(epoch),
  };

  await expect(trainInBlocks(request, openTrainer, ROWS_PER_BLOCK * DIMENSIONS * 2)).rejects.toThrow(CancelledError);

  expect(blocks).toBeGreaterThan(0);
  expect(blocks).toBeLessThan(BLOCKS);
  expect(epochs).toEqual([]);
});
