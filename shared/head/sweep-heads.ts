import { HeadstartError, InvalidInputError } from '../errors.ts';
import type { EpochReport, HeadEngine, HeadHyperparameters, TrainHeadRequest, TrainHeadResult } from './head.ts';
import { TrainingPausedError, type TrainingCheckpoint } from './training-checkpoint.ts';

/**
 * Of a whole training, the share that every setting gets before the first are dropped: `1 / (RUNG_SHARE * number of settings)`. With 1 a sweep would
 * cost three trainings, with 1.6 it is 2.25.
 */
const RUNG_SHARE = 1.6;

export interface SweepRequest extends Omit<
  TrainHeadRequest,
  'hyperparameters' | 'pause' | 'resumeFrom' | 'onEpoch' | 'valid'
> {
  /** Decides between the settings. */
  readonly valid: NonNullable<TrainHeadRequest['valid']>;
  /** At least one; all with the same number of epochs. */
  readonly candidates: readonly HeadHyperparameters[];
  readonly onProgress?: (progress: SweepProgress) => void;
}

export interface SweepProgress {
  /** Epochs trained, of all settings. */
  readonly epochs: number;
  /** Epochs of the whole sweep, if none stops early. */
  readonly total: number;
  readonly candidatesLeft: number;
  readonly lowestLoss: number;
}

/** What became of one setting. */
export interface SweepTrial {
  readonly hyperparameters: HeadHyperparameters;
  readonly outcome: 'chosen' | 'dropped' | 'diverged';
  readonly epochsRun: number;
  /** With the lowest validation loss so far; 0 when it diverged before its first. */
  readonly bestEpoch: number;
  /** Of that epoch; null without one. */
  readonly validLoss: number | null;
  readonly validAccuracy: number | null;
}

export interface SweepResult {
  /** The chosen settings' whole training: the same bytes as that of `engine.train` with them alone. */
  readonly training: TrainHeadResult;
  readonly hyperparameters: HeadHyperparameters;
  /** In the order of the candidates. */
  readonly trials: readonly SweepTrial[];
}

/**
 * Trains heads with several settings on the same rows and keeps the one with the lowest validation loss (of equal ones the first).
 *
 * By successive halving (Jamieson and Talwalkar 2016): all settings train for a small share of the epochs, the worse half is dropped, the others go on
 * for twice as long, and so on; only the last one trains to its end. Sixteen settings cost 2.25 trainings. One wide product for all heads was
 * measured and left: docs/decisions.md.
 *
 * Memory: for each setting that is left, four times the head's parameters in float32.
 *
 * @throws InvalidInputError when every setting diverges; CancelledError; what `engine.train` throws. Engine `onnx` only
 */
export async function sweepHeads(engine: HeadEngine, request: SweepRequest): Promise<SweepResult> {
  return new Sweep(engine, request).run();
}

/** Epochs after which half of the settings are dropped, ascending. The last ones train to the end. */
export function rungEpochs(candidateCount: number, epochs: number): readonly number[] {
  const halvings = Math.ceil(Math.log2(candidateCount));
  const rungs = Array.from({ length: halvings }, (_, rung) =>
    Math.max(1, Math.round((epochs * 2 ** rung) / (2 ** halvings * RUNG_SHARE))),
  );
  return rungs.filter((epoch) => epoch < epochs);
}

interface Candidate {
  readonly hyperparameters: HeadHyperparameters;
  checkpoint: TrainingCheckpoint | null;
  finished: TrainHeadResult | null;
  hasDiverged: boolean;
}

class Sweep {
  readonly #engine: HeadEngine;
  readonly #request: SweepRequest;
  readonly #candidates: readonly Candidate[];
  readonly #rungs: readonly number[];
  readonly #total: number;
  #epochs = 0;

  constructor(engine: HeadEngine, request: SweepRequest) {
    const epochs = request.candidates[0]?.epochs ?? 0;
    this.#engine = engine;
    this.#request = request;
    this.#candidates = request.candidates.map((hyperparameters) => ({
      hyperparameters,
      checkpoint: null,
      finished: null,
      hasDiverged: false,
    }));
    this.#rungs = rungEpochs(request.candidates.length, epochs);
    this.#total = totalEpochs(request.candidates.length, [...this.#rungs, epochs]);
  }

  async run(): Promise<SweepResult> {
    let left = [...this.#candidates];
    for (const epochs of this.#rungs) {
      for (const candidate of left) await this.#trainTo(candidate, epochs, left.length);
      left = bestHalf(left);
    }
    // More than one is left when there were too few epochs for every rung.
    for (const candidate of left) await this.#trainTo(candidate, Number.POSITIVE_INFINITY, left.length);
    const [chosen] = [...left].sort(byLoss);
    if (chosen?.finished == null) throw allDiverged(this.#candidates.length);
    const trials = this.#candidates.map((candidate) => trialOf(candidate, candidate === chosen));
    return { training: chosen.finished, hyperparameters: chosen.hyperparameters, trials };
  }

  /** Goes on with a training until it has had so many epochs, or has stopped by itself. */
  async #trainTo(candidate: Candidate, epochs: number, candidatesLeft: number): Promise<void> {
    if (candidate.finished !== null || candidate.hasDiverged) return;
    const { candidates: _, onProgress: __, ...request } = this.#request;
    const pause = new AbortController();
    const onEpoch = ({ epoch }: EpochReport): void => {
      if (epoch >= epochs) pause.abort();
      this.#report(candidatesLeft);
    };
    const { hyperparameters, checkpoint } = candidate;
    const resumed = checkpoint === null ? {} : { resumeFrom: checkpoint };
    try {
      const result = await this.#engine.train({
        ...request,
        ...resumed,
        hyperparameters,
        onEpoch,
        pause: pause.signal,
      });
      candidate.finished = result;
      candidate.checkpoint = null;
    } catch (error) {
      if (error instanceof TrainingPausedError) candidate.checkpoint = error.checkpoint;
      else if (error instanceof HeadstartError && error.code === 'training_diverged') candidate.hasDiverged = true;
      else throw error;
    }
  }

  #report(candidatesLeft: number): void {
    this.#epochs += 1;
    const lowestLoss = Math.min(...this.#candidates.map(lossOf));
    this.#request.onProgress?.({ epochs: this.#epochs, total: this.#total, candidatesLeft, lowestLoss });
  }
}

function bestHalf(candidates: readonly Candidate[]): Candidate[] {
  const kept = new Set([...candidates].sort(byLoss).slice(0, Math.ceil(candidates.length / 2)));
  for (const candidate of candidates) {
    // Only the history is told of a dropped one; its parameters need not stay in memory.
    if (!kept.has(candidate) && candidate.checkpoint !== null) {
      candidate.checkpoint = { ...candidate.checkpoint, state: {}, best: null };
    }
  }
  return candidates.filter((candidate) => kept.has(candidate));
}

/** Stable, so that of equal ones the first stays first. */
function byLoss(a: Candidate, b: Candidate): number {
  const [first, second] = [lossOf(a), lossOf(b)];
  return first === second ? 0 : first - second;
}

function lossOf(candidate: Candidate): number {
  return bestEpochOf(candidate)?.validLoss ?? Number.POSITIVE_INFINITY;
}

/** Of what it has trained so far; null after it diverged. */
function bestEpochOf({ checkpoint, finished, hasDiverged }: Candidate): EpochReport | null {
  if (hasDiverged) return null;
  const history = finished?.history ?? checkpoint?.history ?? [];
  return history.reduce<EpochReport | null>(
    (best, epoch) => (best === null || (epoch.validLoss ?? 0) < (best.validLoss ?? 0) ? epoch : best),
    null,
  );
}

function trialOf(candidate: Candidate, isChosen: boolean): SweepTrial {
  const { hyperparameters, checkpoint, finished, hasDiverged } = candidate;
  const best = bestEpochOf(candidate);
  return {
    hyperparameters,
    outcome: hasDiverged ? 'diverged' : isChosen ? 'chosen' : 'dropped',
    epochsRun: (finished?.history ?? checkpoint?.history ?? []).length,
    bestEpoch: best?.epoch ?? 0,
    validLoss: best?.validLoss ?? null,
    validAccuracy: best?.validAccuracy ?? null,
  };
}

/** If none stops early: each rung trains half of the settings of the one before, on from its epochs. */
function totalEpochs(candidateCount: number, targets: readonly number[]): number {
  let [total, left, done] = [0, candidateCount, 0];
  for (const target of targets) {
    total += left * (target - done);
    left = Math.ceil(left / 2);
    done = target;
  }
  return total;
}

function allDiverged(count: number): InvalidInputError {
  return new InvalidInputError(
    `expected a finite training loss of at least one of ${count} settings, received none; use a smaller learning rate`,
    { code: 'training_diverged' },
  );
}
