import type { EpochReport, HeadWeights } from './head.ts';

export interface BestEpoch {
  readonly epoch: number;
  /** Of the validation; minus infinity without validation rows. */
  readonly loss: number;
  readonly weights: HeadWeights;
}

const NOTHING = { best: null, waited: 0 };

/** Keeps the weights of the best epoch and tells when to stop waiting for a better one. */
export class BestWeights {
  readonly #patience: number;
  #best: BestEpoch | null;
  #waited: number;

  /**
   * @param patience epochs without improvement that end the training; 0 never ends it
   * @param before from `snapshot()`
   */
  constructor(patience: number, before: { readonly best: BestEpoch | null; readonly waited: number } = NOTHING) {
    this.#patience = patience;
    this.#best = before.best;
    this.#waited = before.waited;
  }

  /** To go on from later. */
  snapshot(): { readonly best: BestEpoch | null; readonly waited: number } {
    return { best: this.#best, waited: this.#waited };
  }

  /** Without a validation loss the last epoch is the best. */
  add({ epoch, validLoss }: EpochReport, weights: HeadWeights): void {
    const loss = validLoss ?? Number.NEGATIVE_INFINITY;
    if (this.#best === null || validLoss === null || loss < this.#best.loss) {
      this.#best = { epoch, loss, weights };
      this.#waited = 0;
    } else {
      this.#waited += 1;
    }
  }

  get isExhausted(): boolean {
    return this.#patience > 0 && this.#waited >= this.#patience;
  }

  get epoch(): number {
    return this.#best?.epoch ?? 0;
  }

  get weights(): HeadWeights {
    if (this.#best === null) throw new RangeError('expected at least one epoch before the best weights are asked for');
    return this.#best.weights;
  }
}
