import { markup, type Markup } from '../markup.ts';
import { axes, chart, makeFrame, niceTicks, px, type Frame } from './frame.ts';

export interface Line {
  readonly tone: 'first' | 'second';
  /** One value for each epoch; null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface LineChartOptions {
  readonly description: string;
  readonly lines: readonly Line[];
  /** Marked with a line, from 1. */
  readonly bestEpoch: number | null;
  /** Where its name stands: the corner that the lines leave free. */
  readonly nameAt: 'top' | 'bottom';
  readonly format: (value: number) => string;
  /** @default the smallest of the values */
  readonly low?: number;
  /** Values above it leave the plot. @default the largest of the values */
  readonly high?: number;
}

const HEIGHT = 230;

/** Values over epochs. */
export function lineChart(options: LineChartOptions): Markup {
  const { lines, bestEpoch, nameAt, format, description } = options;
  const values = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const low = options.low ?? Math.min(...values);
  const high = Math.max(options.high ?? Math.max(...values), low + 1e-6);
  const ticks = niceTicks({ low, high }, 4);
  const epochs = Math.max(...lines.map((line) => line.values.length));
  const xRange = epochs === 1 ? { low: 0, high: 2 } : { low: 1, high: epochs };
  const frame = makeFrame(HEIGHT, xRange, { low: ticks[0] ?? low, high: ticks.at(-1) ?? high });
  const best = bestEpoch === null ? null : bestMark(frame, bestEpoch, nameAt);
  const grid = axes(frame, { ticks: epochTicks(epochs), label: 'epoch', format: String }, { ticks, format });
  return chart(frame, description, markup`${grid}${best}${lines.map((line) => drawLine(frame, line))}`);
}

function drawLine(frame: Frame, { tone, values }: Line): Markup {
  const points = values.flatMap((value, index) =>
    value === null ? [] : [{ x: frame.x(index + 1), y: frame.y(value) }],
  );
  const [only] = points;
  if (only !== undefined && points.length === 1)
    return markup`<circle class="dot ${tone}" cx="${px(only.x)}" cy="${px(only.y)}" r="4"/>`;
  return markup`<polyline class="line ${tone}" points="${points.map(({ x, y }) => `${px(x)},${px(y)}`).join(' ')}"/>`;
}

function bestMark(frame: Frame, epoch: number, nameAt: 'top' | 'bottom'): Markup {
  const x = frame.x(epoch);
  const y = nameAt === 'top' ? frame.top + 9 : frame.bottom - 8;
  const isLeft = x > (frame.left + frame.right) / 2;
  return markup`<line class="best" x1="${px(x)}" x2="${px(x)}" y1="${frame.top}" y2="${frame.bottom}"/><text class="tick strong" x="${px(isLeft ? x - 5 : x + 5)}" y="${y}" text-anchor="${isLeft ? 'end' : 'start'}">kept: epoch ${epoch}</text>`;
}

/** Whole numbers, with the first and the last. */
function epochTicks(epochs: number): number[] {
  if (epochs <= 6) return Array.from({ length: epochs }, (_, index) => index + 1);
  const step = Math.max(1, niceTicks({ low: 0, high: epochs }, 5)[1] ?? 1);
  const inner = Array.from({ length: Math.floor(epochs / step) }, (_, index) => (index + 1) * step);
  return [1, ...inner.filter((epoch) => epoch > step / 2 && epochs - epoch > step / 2), epochs];
}
