export interface LogPlot {
  /** Of the horizontal axis. */
  readonly title: string;
  /** Of the vertical axis. */
  readonly unit: string;
  /** Above zero, ascending in x. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const [WIDTH, HEIGHT, MARGIN, GAP] = [250, 220, 48, 24];

/** Plots side by side, both axes logarithmic with one vertical scale for all; a dashed line shows proportional growth. Legible on light and on dark. */
export function renderLogPlots(plots: readonly LogPlot[]): string {
  const all = plots.flatMap(({ points }) => points.map(({ y }) => y));
  const low = 10 ** Math.floor(Math.log10(Math.min(...all)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...all)));
  const width = plots.length * (WIDTH + MARGIN + GAP);
  const panels = plots.map((plot, i) => renderPanel(plot, i * (WIDTH + MARGIN + GAP) + MARGIN, low, high));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT + 2 * MARGIN}" font-family="system-ui, sans-serif" font-size="11">`,
    '<style>text { fill: #777 } .axis { stroke: #999; fill: none } .line { stroke: #2a78c8; fill: none; stroke-width: 2 } .dot { fill: #2a78c8 } .linear { stroke: #999; stroke-dasharray: 3 4 }</style>',
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function renderPanel({ title, unit, points }: LogPlot, left: number, low: number, high: number): string {
  const xs = points.map(({ x }) => x);
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const top = MARGIN;
  const at = (x: number, y: number): readonly [number, number] => [
    round(left + (WIDTH * Math.log(x / first)) / Math.log(last / first)),
    round(top + HEIGHT - (HEIGHT * Math.log(y / low)) / Math.log(high / low)),
  ];
  const start = points[0] ?? { x: 1, y: 1 };
  // As far as the frame reaches.
  const reach = Math.min(last, (start.x * high) / start.y);
  const [x1, y1] = at(start.x, start.y);
  const [x2, y2] = at(reach, (start.y * reach) / start.x);
  return [
    `<rect class="axis" x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<line class="linear" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`,
    `<polyline class="line" points="${points.map(({ x, y }) => at(x, y).join(',')).join(' ')}"/>`,
    ...points.map(({ x, y }) => dot(...at(x, y))),
    ...points.map(
      ({ x }) => `<text x="${at(x, low)[0]}" y="${top + HEIGHT + 14}" text-anchor="middle">${short(x)}</text>`,
    ),
    ...powersOfTen(low, high).map(
      (y) => `<text x="${left - 4}" y="${at(first, y)[1] + 4}" text-anchor="end">${short(y)}</text>`,
    ),
    `<text x="${left + WIDTH / 2}" y="${top + HEIGHT + 32}" text-anchor="middle">${title}</text>`,
    `<text x="${left}" y="${top - 8}">${unit}</text>`,
  ].join('\n');
}

function dot(x: number, y: number): string {
  return `<circle class="dot" cx="${x}" cy="${y}" r="3"/>`;
}

function powersOfTen(low: number, high: number): number[] {
  const count = Math.round(Math.log10(high / low)) + 1;
  return Array.from({ length: count }, (_, i) => low * 10 ** i);
}

function short(value: number): string {
  if (value >= 1000) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
