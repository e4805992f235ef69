import type { SweepProgress, SweepTrial } from '../../shared/head/sweep-heads.ts';
import { formatPercent, formatPlural } from './format.ts';
import { Progress } from './progress.ts';

/** Progress of a sweep, on a terminal. */
export class SweepProgressBar {
  readonly #progress = new Progress({ title: 'trying settings', unit: 'epochs' });

  readonly update = ({ epochs, total, candidatesLeft, lowestLoss }: SweepProgress): void => {
    const lowest = Number.isFinite(lowestLoss) ? `, lowest validation loss ${lowestLoss.toFixed(3)}` : '';
    this.#progress.update(epochs, total, `${formatPlural(candidatesLeft, 'setting')} left${lowest}`);
  };

  clear(): void {
    this.#progress.clear();
  }
}

const HEADINGS = ['learning rate', 'L2', 'dropout', 'class weights', 'epochs', 'validation loss', 'accuracy', ''];

/** A table of every setting, the lowest validation loss first. */
export function describeSweep(trials: readonly SweepTrial[]): string[] {
  const byLoss = [...trials].sort((a, b) => (a.validLoss ?? Infinity) - (b.validLoss ?? Infinity));
  // The chosen one leads: one that was dropped early can have had the lower loss of an early epoch.
  const ordered = [...byLoss].sort((a, b) => Number(b.outcome === 'chosen') - Number(a.outcome === 'chosen'));
  const table = [HEADINGS, ...ordered.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => cell.padStart(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`tried ${formatPlural(trials.length, 'setting')}; chosen by the validation pictures:`, ...lines];
}

function cellsOf({ hyperparameters, outcome, epochsRun, validLoss, validAccuracy }: SweepTrial): string[] {
  const { learningRate, l2, dropout, classWeights } = hyperparameters;
  return [
    String(learningRate),
    String(l2),
    String(dropout),
    classWeights,
    String(epochsRun),
    validLoss === null ? 'none' : validLoss.toFixed(4),
    validAccuracy === null ? '' : formatPercent(validAccuracy),
    outcome === 'dropped' ? '' : outcome,
  ];
}
