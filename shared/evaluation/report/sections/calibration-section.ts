import type { Evaluation } from '../../evaluation.ts';
import { formatPercent } from '../../percent.ts';
import { reliabilityChart } from '../charts/reliability-chart.ts';
import { markup, type Markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';
import { sentence } from './headline.ts';
import type { Section } from './section.ts';

/** Of certainty and accuracy: closer than anyone needs them. */
const CLOSE = 0.03;
/** From end to end of the accuracy's interval: beyond it an agreement may be luck. */
const WIDE = 0.1;

/** Whether "90% sure" means right nine times of ten. */
export function calibrationSection({ evaluation, temperature }: ReportInput): Section {
  const { calibration } = evaluation;
  const { before, after } = calibration;
  const isScaled = calibration.temperature !== 1;
  const panels = isScaled
    ? [panel('As trained', before), panel(`With temperature ${calibration.temperature.toFixed(2)}`, after)]
    : [panel('As trained and as served', after)];
  const fit = temperature === null ? '' : ` ${sentence(`temperature: ${temperature.reason}`)}`;
  return {
    id: 'calibration',
    title: 'How sure, how right',
    content: markup`<p class="fine">${leaning(evaluation)} Bars show how often answers of a given probability are right; on the dashed line they can be taken at their word. Below, where the answers lie. Pale bars hold fewer than 5 pictures.${fit}</p><div class="plots">${panels}</div>`,
  };
}

function panel(title: string, metrics: Evaluation['calibration']['after']): Markup {
  const { expectedError, logLoss, brier } = metrics;
  return markup`<figure><figcaption><b>${title}</b><span>calibration error ${formatPercent(expectedError)}, log loss ${logLoss.toFixed(3)}, Brier ${brier.toFixed(3)}</span></figcaption>${reliabilityChart(metrics, title)}</figure>`;
}

/** Mean certainty against accuracy, in words. */
function leaning({ calibration, accuracy, pictureCount }: Evaluation): string {
  const confidence =
    calibration.after.bins.reduce((sum, bin) => sum + bin.count * (bin.confidence ?? 0), 0) / pictureCount;
  const said = `The served answers are ${formatPercent(confidence)} sure on average and ${formatPercent(accuracy.value)} of them are right`;
  if (confidence > accuracy.high) return `${said}: the model is too sure of itself.`;
  if (confidence < accuracy.low) return `${said}: the model is more often right than it says.`;
  if (Math.abs(confidence - accuracy.value) >= CLOSE) return `${said}: chance alone explains the difference.`;
  if (accuracy.high - accuracy.low > WIDE) return `${said}: they agree, as far as so few pictures can tell.`;
  return `${said}: on the whole they can be believed.`;
}
