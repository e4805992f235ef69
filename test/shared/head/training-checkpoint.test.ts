import { describe, expect, it } from 'vitest';
import { DamagedFileError } from '../../../shared/errors.ts';
import type { TrainHeadRequest } from '../../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { onnxEngine } from '../../../shared/head/onnx-engine.ts';
import {
  parseTrainingCheckpoint,
  TrainingPausedError,
  trainingCheckpointBytes,
  type TrainingCheckpoint,
} from '../../../shared/head/training-checkpoint.ts';
import { clusteredRows } from '../../support/features.ts';

const request: TrainHeadRequest = {
  train: clusteredRows(60, 12, 3),
  valid: clusteredRows(30, 12, 3),
  classCount: 3,
  hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 9, batchSize: 8, l2: 0.001 },
};

async function pauseAfter(epochs: number, from: TrainHeadRequest = request): Promise<TrainingCheckpoint> {
  const pause = new AbortController();
  const paused = onnxEngine.train({
    ...from,
    pause: pause.signal,
    onEpoch: ({ epoch }) => {
      if (epoch === epochs) pause.abort();
    },
  });
  const error: unknown = await paused.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof TrainingPausedError) return error.checkpoint;
  throw new Error('expected the training to pause', { cause: error });
}

const withoutDurations = (history: readonly { readonly durationMs: number }[]) =>
  history.map(({ durationMs: _, ...rest }) => rest);

describe('a paused training', () => {
  it('gives the same bytes as one that was not paused, through a file and twice', async () => {
    const whole = await onnxEngine.train(request);
    const first = parseTrainingCheckpoint(trainingCheckpointBytes(await pauseAfter(3)));
    const second = await pauseAfter(7, { ...request, resumeFrom: first });
    const resumed = await onnxEngine.train({
      ...request,
      resumeFrom: parseTrainingCheckpoint(trainingCheckpointBytes(second)),
    });
    expect(resumed.weights).toEqual(whole.weights);
    expect(withoutDurations(resumed.history)).toEqual(withoutDurations(whole.history));
    expect(resumed.bestEpoch).toBe(whole.bestEpoch);
  });

  it('gives other weights when the generators of the checkpoint are lost, so that the test above notices it', async () => {
    const whole = await onnxEngine.train(request);
    const checkpoint = await pauseAfter(3);
    const lost = { ...checkpoint, orderRandom: [1, 2, 3, 4], maskRandom: [1, 2, 3, 4] } as const;
    const resumed = await onnxEngine.train({ ...request, resumeFrom: lost });
    expect(resumed.weights).not.toEqual(whole.weights);
  });

  it('throws DamagedFileError for a truncated file and for one of another shape', async () => {
    const bytes = trainingCheckpointBytes(await pauseAfter(2));
    for (const broken of [bytes.subarray(0, bytes.length - 4), bytes.subarray(0, 2), new Uint8Array(64)]) {
      expect(() => parseTrainingCheckpoint(broken)).toThrow(DamagedFileError);
    }
    const other = { ...request, train: clusteredRows(60, 12, 3), classCount: 4 };
    await expect(onnxEngine.train({ ...other, resumeFrom: parseTrainingCheckpoint(bytes) })).rejects.toThrow(
      'train from the start',
    );
  });
});
