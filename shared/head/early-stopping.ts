import type { EpochReport, HeadWeights } from './head.ts';

/** Keeps the weights of the best epoch and tells when to stop waiting for a better one. */
export class BestWeights {
  readonly #patience: number;
  #best: { readonly epoch: number; readonly loss: number; readonly weights: HeadWeights } | null = null;
  #waited = 0;

  /** @param patience epochs without improvement that end the training; 0 never ends it */
  constructor(patience: number) {
    this.#patience = patience;
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
