/** Drawings: all of them SVG. */
export const CHART_STYLE = `
svg{display:block;overflow:visible}
.scale{margin:10px 0 8px}
.mini{display:inline-block}
.track{fill:var(--track)}
.band{fill:var(--good);opacity:.35}
.mark,.point{fill:var(--good-ink)}
.point{stroke:var(--card);stroke-width:3}
.base{stroke:var(--bad-ink);stroke-width:2}
.share.good .fill{fill:var(--good)}.share.bad .fill{fill:var(--bad)}
.tick{fill:var(--soft);font-size:11px}
.scale .tick{font-size:12px}
.strong{fill:var(--ink);font-weight:560}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:22px 34px;margin-top:14px}
figure{margin:0;max-width:480px}
figcaption{margin-bottom:6px;font-size:.92rem}
figcaption span{display:block;color:var(--soft);font-size:.84rem}
.chart{width:100%;height:auto}
.grid{stroke:var(--line);stroke-width:1}
.axis{stroke:var(--soft);stroke-width:1}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.line.first,.ideal{stroke:var(--good-ink)}
.line.second{stroke:var(--bad-ink);stroke-dasharray:5 4}
.dot.first{fill:var(--good-ink)}.dot.second{fill:var(--bad-ink)}
.best{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
.ideal{stroke:var(--soft);stroke-width:1.3;stroke-dasharray:5 4}
.bin{fill:var(--good);opacity:.5}
.bin.pale{opacity:.18}.dot.pale{opacity:.45}
.count{fill:var(--soft);opacity:.55}
.legend{display:flex;align-items:center;gap:7px;margin:10px 0 0;font-size:.88rem;color:var(--soft)}
.swatch{width:22px;border-top:2.5px solid var(--good-ink)}
.swatch+.swatch,.swatch:not(:first-child){margin-left:14px}
.swatch.second{border-top:2.5px dashed var(--bad-ink)}
`;
