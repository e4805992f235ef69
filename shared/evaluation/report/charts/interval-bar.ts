import type { Proportion } from '../../evaluation.ts';
import { markup, type Markup } from '../markup.ts';

/** Percent for an SVG coordinate. */
function at(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

/** A scale from 0 to 100% with the value, its interval and the baseline. Stretches with the page; text does not. */
export function intervalScale(value: Proportion, baseline: number): Markup {
  const anchor = baseline < 0.35 ? 'start' : baseline > 0.65 ? 'end' : 'middle';
  return markup`<svg class="scale" width="100%" height="66" aria-hidden="true">
<rect class="track" x="0" y="26" width="100%" height="14" rx="7"/>
<rect class="band" x="${at(value.low)}" y="26" width="${at(value.high - value.low)}" height="14" rx="3"/>
<line class="base" x1="${at(baseline)}" x2="${at(baseline)}" y1="20" y2="46"/>
<text class="tick" x="${at(baseline)}" y="13" text-anchor="${anchor}">always the same answer</text>
<circle class="point" cx="${at(value.value)}" cy="33" r="8"/>
<text class="tick" x="0" y="62">0%</text>
<text class="tick" x="50%" y="62" text-anchor="middle">50%</text>
<text class="tick" x="100%" y="62" text-anchor="end">100%</text>
</svg>`;
}

/** The same without words, for a line of a table. */
export function intervalBar(value: Proportion): Markup {
  return markup`<svg class="mini" width="96" height="12" aria-hidden="true"><rect class="track" x="0" y="4" width="96" height="4" rx="2"/><rect class="band" x="${at(value.low)}" y="2" width="${at(value.high - value.low)}" height="8" rx="2"/><rect class="mark" x="${(value.value * 93).toFixed(1)}" y="0" width="3" height="12" rx="1.5"/></svg>`;
}

/** A share as a bar. */
export function shareBar(share: number, tone: 'good' | 'bad'): Markup {
  return markup`<svg class="share ${tone}" width="100%" height="6" aria-hidden="true"><rect class="track" width="100%" height="6" rx="3"/><rect class="fill" width="${at(share)}" height="6" rx="3"/></svg>`;
}
