import type { EpochReport } from '../../shared/head/head.ts';
import { formatDuration, formatPercent } from './format.ts';
import { Progress } from './progress.ts';

/** Progress of a training: a bar on a terminal, and the line that stays. */
export class TrainingProgressBar {
  readonly #progress = new Progress({ title: 'training', unit: 'epochs' });
  readonly #epochs: number;

  constructor(epochs: number) {
    this.#epochs = epochs;
  }

  readonly update = ({ epoch, trainLoss, validLoss }: EpochReport): void => {
    const valid = validLoss === null ? '' : `, validation ${validLoss.toFixed(3)}`;
    this.#progress.update(epoch, this.#epochs, `loss ${trainLoss.toFixed(3)}${valid}`);
  };

  finish(history: readonly EpochReport[], bestEpoch: number): void {
    const durationMs = history.reduce((sum, epoch) => sum + epoch.durationMs, 0);
    const best = history.find(({ epoch }) => epoch === bestEpoch);
    const valid = best?.validAccuracy == null ? '' : `, validation accuracy ${formatPercent(best.validAccuracy)}`;
    this.#progress.finish(
      `trained ${history.length} epochs in ${formatDuration(durationMs)}, best was ${bestEpoch}${valid}`,
    );
  }

  clear(): void {
    this.#progress.clear();
  }
}
