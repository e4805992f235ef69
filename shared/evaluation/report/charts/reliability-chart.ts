import type { CalibrationMetrics, ReliabilityBin } from '../../evaluation.ts';
import { formatPercent } from '../../percent.ts';
import { markup, type Markup } from '../markup.ts';
import { axes, chart, makeFrame, px, type Frame } from './frame.ts';

const HEIGHT = 300;
/** Of the strip under the plot that shows where the answers lie. */
const STRIP = 34;
const SHARES = [0, 0.25, 0.5, 0.75, 1];
/** Bins below it are drawn pale: a single picture moves them far. */
const FEW = 5;

/** How often answers of a stated probability are right: on the diagonal they can be taken at their word. */
export function reliabilityChart({ bins, expectedError }: CalibrationMetrics, title: string): Markup {
  const unit = { low: 0, high: 1 };
  const whole = makeFrame(HEIGHT, unit, unit);
  const frame = { ...whole, y: (value: number) => whole.y(value) * ((whole.bottom - STRIP) / whole.bottom) };
  const percent = (value: number) => `${Math.round(value * 100)}%`;
  const grid = axes(
    frame,
    { ticks: SHARES, label: 'how sure the model is', format: percent },
    { ticks: SHARES, format: percent },
  );
  const diagonal = markup`<line class="ideal" x1="${px(frame.x(0))}" y1="${px(frame.y(0))}" x2="${px(frame.x(1))}" y2="${px(frame.y(1))}"/>`;
  const description = `${title}: share of right answers over stated probability; average distance ${formatPercent(expectedError)}`;
  return chart(
    frame,
    description,
    markup`${grid}${bins.map((bin) => drawBin(frame, bin))}${diagonal}${bins.map((bin) => drawPoint(frame, bin))}${countStrip(frame, bins)}`,
  );
}

function drawBin(frame: Frame, { low, high, count, accuracy }: ReliabilityBin): Markup | null {
  if (accuracy === null) return null;
  const x = frame.x(low) + 1;
  const y = frame.y(accuracy);
  return markup`<rect class="bin${count < FEW ? ' pale' : ''}" x="${px(x)}" y="${px(y)}" width="${px(frame.x(high) - 1 - x)}" height="${px(frame.y(0) - y)}"><title>${count} answers of ${formatPercent(low)} to ${formatPercent(high)}, ${formatPercent(accuracy)} of them right</title></rect>`;
}

function drawPoint(frame: Frame, { count, confidence, accuracy }: ReliabilityBin): Markup | null {
  if (confidence === null || accuracy === null) return null;
  return markup`<circle class="dot first${count < FEW ? ' pale' : ''}" cx="${px(frame.x(confidence))}" cy="${px(frame.y(accuracy))}" r="3.5"/>`;
}

/** Pictures of each bin, between plot and axis. */
function countStrip(frame: Frame, bins: readonly ReliabilityBin[]): Markup {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const bars = bins.map(({ low, high, count }) => {
    const height = (count / most) * (STRIP - 10);
    const x = frame.x(low) + 1;
    return markup`<rect class="count" x="${px(x)}" y="${px(frame.bottom - height)}" width="${px(frame.x(high) - 1 - x)}" height="${px(height)}"/>`;
  });
  return markup`${bars}`;
}
