import { HEAT_LEVELS } from '../sections/confusion-matrix.ts';

/** From here on the text on a shade is white: dark text would fall below a contrast of 4.5. */
const WHITE_FROM = 5;

/** Blue for right, orange for wrong: apart for every kind of colour vision, and both shades of the page's own colours. */
function shades(tone: 'g' | 'b', colour: string): string {
  return Array.from({ length: HEAT_LEVELS }, (_, index) => {
    const level = index + 1;
    const mix = level < WHITE_FROM ? 6 + level * 8 : 84 + (level - WHITE_FROM) * 5;
    const ink = level < WHITE_FROM ? 'var(--ink)' : '#fff';
    return `.matrix .${tone}${level}{background:color-mix(in srgb,var(--${colour}) ${mix}%,var(--card));color:${ink}}`;
  }).join('');
}

/** The confusion matrix. Heads stay in view while it scrolls. */
export const MATRIX_STYLE = `
#confusion .scroll{max-height:min(82vh,760px);margin-top:14px}
.matrix{border-collapse:separate;border-spacing:2px;font-size:.9rem}
.matrix td{min-width:2.9em;height:2.7em;padding:0 4px;text-align:center;background:var(--code);border-radius:5px;font-weight:560}
.matrix td.d{box-shadow:inset 0 0 0 1px var(--line)}
.matrix thead td{background:var(--card)}
.matrix th{font-weight:500;background:var(--card)}
.matrix tbody th{position:sticky;left:0;z-index:1;padding-right:10px;text-align:right;max-width:11em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.matrix thead th{position:sticky;top:0;z-index:1;padding:0 0 6px;vertical-align:bottom}
.matrix thead td{position:sticky;left:0;top:0;z-index:2}
.matrix thead th span{display:inline-block;writing-mode:vertical-rl;transform:rotate(180deg);max-height:9.5em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.matrix.dense{border-spacing:1px;font-size:.72rem}
.matrix.dense td{min-width:22px;width:22px;height:22px;padding:0;border-radius:3px;font-weight:500}
.key{display:inline-block;width:.85em;height:.85em;margin:0 2px 0 8px;border-radius:3px;vertical-align:-1px}
.key.good{background:var(--good)}.key.bad{background:var(--bad)}
${shades('g', 'good')}
${shades('b', 'bad')}
@media (max-width:640px){.matrix tbody th{max-width:6.5em;font-size:.8rem}.matrix td{min-width:2.4em;height:2.4em}}
@media print{#confusion .scroll{max-height:none}}
`;
