import { markup, type Markup } from '../markup.ts';

/** A plot area in the coordinates of its SVG, and how values map to it. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

const WIDTH = 360;
const MARGIN = { left: 40, right: 10, top: 12, bottom: 36 };

export function makeFrame(height: number, xRange: Range, yRange: Range): Frame {
  const { left, top } = MARGIN;
  const right = WIDTH - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  return {
    ...{ width: WIDTH, height, left, right, top, bottom },
    x: (value) => left + ((value - xRange.low) / (xRange.high - xRange.low)) * (right - left),
    y: (value) => bottom - ((value - yRange.low) / (yRange.high - yRange.low)) * (bottom - top),
  };
}

/** Grid lines with their values, and what the axes mean. */
export function axes(
  frame: Frame,
  x: { readonly ticks: readonly number[]; readonly label: string; readonly format: (value: number) => string },
  y: { readonly ticks: readonly number[]; readonly format: (value: number) => string },
): Markup {
  const { left, right, bottom } = frame;
  const rows = y.ticks.map(
    (tick) =>
      markup`<line class="grid" x1="${left}" x2="${right}" y1="${px(frame.y(tick))}" y2="${px(frame.y(tick))}"/><text class="tick" x="${left - 6}" y="${px(frame.y(tick) + 4)}" text-anchor="end">${y.format(tick)}</text>`,
  );
  const columns = x.ticks.map(
    (tick) =>
      markup`<text class="tick" x="${px(frame.x(tick))}" y="${bottom + 15}" text-anchor="middle">${x.format(tick)}</text>`,
  );
  const title = markup`<text class="tick" x="${(left + right) / 2}" y="${bottom + 31}" text-anchor="middle">${x.label}</text>`;
  return markup`${rows}<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>${columns}${title}`;
}

export function chart(frame: Frame, description: string, content: Markup): Markup {
  return markup`<svg class="chart" viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${description}">${content}</svg>`;
}

/** A coordinate: tenths of a pixel are enough. */
export function px(value: number): string {
  return value.toFixed(1);
}

/** About `count` round values (1, 2 or 5 times a power of ten apart) that cover the range. */
export function niceTicks({ low, high }: Range, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}
