import type { HeadHyperparameters, HeadWeights, LabelledRows, TrainHeadResult } from '../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../shared/head/hyperparameters.ts';
import { loadHeadEngine } from '../../shared/head/load-head-engine.ts';
import type { TimedWork, Variant } from './measure.ts';

export interface OwnTraining {
  readonly engine: 'onnx' | 'tfjs';
  readonly train: LabelledRows;
  readonly classes: number;
  readonly hyperparameters: Pick<HeadHyperparameters, 'epochs' | 'batchSize' | 'dropout'>;
  readonly threads: number;
  /** @default true */
  readonly shuffle?: boolean;
  readonly initialWeights?: HeadWeights;
}

/** The epochs after the first, as for the peers: they trace, compile and warm up in theirs. */
export function trainingVariant(name: string, training: OwnTraining): Variant {
  return {
    name,
    run: async (): Promise<TimedWork> => {
      const ends: number[] = [];
      await trainOnce(training, () => ends.push(performance.now()));
      const seconds = ((ends.at(-1) ?? 0) - (ends[0] ?? 0)) / 1000;
      return { work: training.train.features.rowCount * (ends.length - 1), seconds };
    },
  };
}

export async function trainOnce(
  { engine, train, classes, hyperparameters, threads, shuffle, initialWeights }: OwnTraining,
  onEpoch: () => void = () => undefined,
): Promise<TrainHeadResult> {
  const loaded = await loadHeadEngine(engine);
  return loaded.train({
    train,
    valid: null,
    classCount: classes,
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, ...hyperparameters, patience: 0 },
    threads,
    onEpoch,
    ...(shuffle !== undefined && { shuffle }),
    ...(initialWeights && { initialWeights }),
  });
}
