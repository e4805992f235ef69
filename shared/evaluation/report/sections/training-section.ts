import type { EpochReport } from '../../../head/head.ts';
import { lineChart, type Line } from '../charts/line-chart.ts';
import { markup, type Markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';
import type { Section } from './section.ts';

/** Loss and accuracy over the epochs. */
export function trainingSection({ history, bestEpoch, reproduction }: ReportInput): Section | null {
  const last = history.at(-1);
  if (last === undefined) return null;
  const loss = lineChart({
    description: `Loss over ${history.length} epochs, at the end ${last.trainLoss.toFixed(3)} in training`,
    lines: linesOf(history, 'trainLoss', 'validLoss'),
    bestEpoch,
    nameAt: 'top',
    format: String,
    low: 0,
  });
  const accuracy = lineChart({
    description: `Accuracy over ${history.length} epochs, at the end ${(last.trainAccuracy * 100).toFixed(1)}% in training`,
    lines: linesOf(history, 'trainAccuracy', 'validAccuracy'),
    bestEpoch,
    nameAt: 'bottom',
    format: (value) => `${Math.round(value * 100)}%`,
    high: 1,
  });
  return {
    id: 'training',
    title: 'Training',
    content: markup`<p class="fine">${epochsInWords(history.length, bestEpoch)} ${howMeasured(reproduction.hyperparameters?.dropout ?? 0)}</p>${legend(history)}<div class="plots"><figure><figcaption><b>Loss</b></figcaption>${loss}</figure><figure><figcaption><b>Accuracy</b></figcaption>${accuracy}</figure></div>`,
  };
}

/** Why the training curve is not what validation would say of the same pictures. */
function howMeasured(dropout: number): string {
  return dropout > 0
    ? 'Training values are measured with dropout while the weights still move, so they may look worse than validation.'
    : 'Training values are measured while the weights still move.';
}

type Measure = 'trainLoss' | 'validLoss' | 'trainAccuracy' | 'validAccuracy';

function linesOf(history: readonly EpochReport[], train: Measure, valid: Measure): Line[] {
  const lines: Line[] = [
    { tone: 'second', values: history.map((epoch) => epoch[train]) },
    { tone: 'first', values: history.map((epoch) => epoch[valid]) },
  ];
  return lines.filter(({ values }) => values.some((value) => value !== null));
}

function legend(history: readonly EpochReport[]): Markup {
  const hasValid = history.some(({ validLoss }) => validLoss !== null);
  return markup`<p class="legend"><span class="swatch second"></span>training${hasValid ? markup`<span class="swatch first"></span>validation` : null}</p>`;
}

function epochsInWords(epochs: number, bestEpoch: number | null): string {
  const run = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
  if (bestEpoch === null || bestEpoch === epochs) return `${run}; the last one is kept.`;
  return `${run}; the model is that of epoch ${bestEpoch}, which had the lowest validation loss.`;
}
