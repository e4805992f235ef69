import type { FeatureRows } from '../features/feature-row.ts';
import type { TrainingCheckpoint } from './training-checkpoint.ts';

/** `logits = embedding · kernel + bias`. */
export interface HeadWeights {
  readonly dimensions: number;
  readonly classCount: number;
  /** `[dimensions, classCount]` row-major float32, as Keras' Dense. */
  readonly kernel: Float32Array;
  /** `[classCount]` float32. */
  readonly bias: Float32Array;
}

export const CLASS_WEIGHTS = ['none', 'auto'] as const;
/** `auto`: `rows / (classes * rows of the class)`, scikit-learn's `balanced`. */
export type ClassWeights = (typeof CLASS_WEIGHTS)[number];

/** The seed's own values are the defaults (DEFAULT_HYPERPARAMETERS in hyperparameters.ts). */
export interface HeadHyperparameters {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Share of the inputs set to zero in training, [0, 1). The others are scaled by 1 / (1 - dropout). */
  readonly dropout: number;
  /** Factor of the sum of squared kernel weights that is added to the loss; the bias is not regularised. */
  readonly l2: number;
  readonly classWeights: ClassWeights;
  /** Unsigned 32 bits: initial kernel, order of the rows, dropout masks. */
  readonly seed: number;
  /** Epochs without a better validation loss before training stops; 0 never stops early. Without validation rows it has no effect. */
  readonly patience: number;
}

export interface LabelledRows {
  readonly features: FeatureRows;
  /** `[rowCount]`, each in `[0, classCount)`. */
  readonly labels: Uint32Array;
}

export interface TrainHeadRequest {
  readonly train: LabelledRows;
  readonly valid: LabelledRows | null;
  readonly classCount: number;
  readonly hyperparameters: HeadHyperparameters;
  /** @default Glorot-uniform kernel from the seed, zero bias */
  readonly initialWeights?: HeadWeights;
  /** False keeps the rows in their order (parity with `fit(shuffle=False)`). @default true */
  readonly shuffle?: boolean;
  /** Other numbers give other last bits. @default 2 on every machine, so that the same seed gives the same bytes */
  readonly threads?: number;
  readonly onEpoch?: (report: EpochReport) => void;
  readonly signal?: AbortSignal;
  /** Ends the training after the epoch in which it aborts, with TrainingPausedError. Engine `onnx` only. */
  readonly pause?: AbortSignal;
  /** Of a paused training on the same rows with the same hyper-parameters. Engine `onnx` only. @default from the start */
  readonly resumeFrom?: TrainingCheckpoint;
}

export interface EpochReport {
  /** From 1. */
  readonly epoch: number;
  /** Mean over the rows of the loss of each batch before its update, as Keras reports it: weighted, with L2. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** Unweighted cross-entropy after the epoch; null without validation rows. */
  readonly validLoss: number | null;
  readonly validAccuracy: number | null;
  readonly durationMs: number;
}

export interface TrainHeadResult {
  /** Of the epoch with the lowest validation loss, or of the last epoch without validation rows. */
  readonly weights: HeadWeights;
  readonly history: readonly EpochReport[];
  readonly bestEpoch: number;
  readonly hasStoppedEarly: boolean;
}

export const HEAD_ENGINES = ['onnx', 'tfjs'] as const;
export type HeadEngineName = (typeof HEAD_ENGINES)[number];

/** Trains the dense head. Same request, same bytes; all engines pass test/shared/head/head-engine.contract.ts. */
export interface HeadEngine {
  readonly name: HeadEngineName;
  /** What computes, with its version, for the manifest: `onnxruntime-node 1.30.0`. */
  readonly runtime: string;
  train(request: TrainHeadRequest): Promise<TrainHeadResult>;
}
