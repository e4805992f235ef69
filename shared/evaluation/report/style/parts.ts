/** What the sections are made of. */
export const PART_STYLE = `
.hero{display:grid;grid-template-columns:minmax(190px,auto) 1fr;gap:10px 44px;align-items:center;padding:32px}
.big{margin:0;font-size:clamp(3.6rem,10vw,5.4rem);line-height:1;font-weight:740;letter-spacing:-.045em}
.under{margin:10px 0 0;color:var(--soft)}
.lead{font-size:1.14rem;line-height:1.45;max-width:56ch;text-wrap:pretty}
.hero .fine{margin-bottom:0}
.hero .fine+.fine{margin-top:8px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(158px,1fr));gap:14px;margin:0}
.tiles div{padding:16px 18px;background:var(--card);border:1px solid var(--line);border-radius:12px}
.tiles dt{color:var(--soft);font-size:.86rem}
.tiles dd{margin:2px 0 0;font-size:1.5rem;font-weight:660;letter-spacing:-.02em}
.tiles .hint{font-size:.8rem;line-height:1.4;font-weight:400;letter-spacing:0;color:var(--soft)}
#notes{background:var(--warn);border-color:var(--warn-line);box-shadow:none}
.notes{margin:0;padding-left:1.15em;max-width:96ch;overflow-wrap:anywhere;text-wrap:pretty}
.notes li+li{margin-top:7px}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,240px),1fr));gap:14px 30px;margin:0;padding:0;list-style:none}
.beside{display:grid;grid-template-columns:auto minmax(260px,1fr);gap:0 48px;align-items:start}
.beside>*{min-width:0}
.beside h3{margin-top:14px}
.pair,.amount{display:block;overflow-wrap:anywhere}
.amount{color:var(--soft);font-size:.86rem;margin-bottom:5px}
.more{margin:12px 0 0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(44%,186px),1fr));gap:16px;margin:0;padding:0;list-style:none}
.card{display:flex;flex-direction:column;min-width:0;border:1px solid var(--line);border-radius:12px;overflow:hidden;font-size:.88rem;background:var(--card)}
.thumb{display:block;width:100%;aspect-ratio:1;object-fit:contain;background:var(--code)}
.blank{display:grid;place-items:center;color:var(--soft);font-size:.8rem}
.card dl{margin:0;padding:11px 12px 4px}
.card dl div{display:grid;grid-template-columns:1fr}
.card dl div+div{margin-top:8px}
.card dt{color:var(--soft);font-size:.74rem}
.card dd{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 8px;margin:0;min-width:0}
.card dd.bar{margin-top:3px}
.card b{font-weight:620;max-width:100%;overflow-wrap:break-word}
.path{display:block;margin-top:auto;padding:7px 12px 11px;font-size:.75rem;line-height:1.35;overflow-wrap:anywhere}
.folder{color:var(--soft)}
table{border-collapse:collapse}
.labels,.counts{width:100%;font-size:.92rem}
.labels th,.labels td,.counts th,.counts td{padding:8px 12px;border-bottom:1px solid var(--line);text-align:left;vertical-align:middle}
.labels thead th,.counts thead th{color:var(--soft);font-size:.82rem;font-weight:560;white-space:nowrap}
.labels tbody th,.counts tbody th{font-weight:560;max-width:22em;overflow-wrap:break-word}
.labels .num,.counts .num{text-align:right;white-space:nowrap}
.labels tfoot th{font-weight:400;color:var(--soft)}
.labels tfoot td,.labels tfoot th{border-bottom:0}
.labels tbody tr:hover{background:var(--code)}
.found{display:inline-flex;align-items:center;gap:8px}
.found b{min-width:3.4em}
.range{color:var(--soft);font-size:.8rem}
.none{color:var(--soft)}
th button{all:unset;cursor:pointer}
th button::after{content:"↕";margin-left:5px;opacity:.45}
th[aria-sort=ascending] button::after{content:"↑";opacity:1}
th[aria-sort=descending] button::after{content:"↓";opacity:1}
th button:focus-visible{outline:2px solid var(--good-ink);outline-offset:3px;border-radius:3px}
details{margin-top:12px;border-top:1px solid var(--line);padding-top:12px}
summary{cursor:pointer;overflow-wrap:anywhere;font-weight:560}
summary .count{margin-left:6px;color:var(--soft);font-weight:400}
details .cards,details .scroll{margin-top:14px}
.files{margin:10px 0 0;padding-left:1.15em;font-size:.9rem;overflow-wrap:anywhere}
.files li+li{margin-top:5px}
.groups{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,260px),1fr));gap:0 36px}
.facts{margin:0;font-size:.9rem}
.facts div{display:grid;grid-template-columns:minmax(7em,40%) 1fr;gap:10px;padding:5px 0;border-bottom:1px solid var(--line)}
.facts dt{color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere;min-width:0}
@media (max-width:820px){.beside{grid-template-columns:minmax(0,1fr)}}
@media (max-width:640px){.hero{grid-template-columns:1fr;padding:22px 16px;gap:16px}.tiles{grid-template-columns:1fr 1fr;gap:10px}.tiles div{padding:12px 14px}.cards{gap:10px}.labels .mini,.labels .wide{display:none}.found{flex-direction:column-reverse;align-items:end;gap:0}.found b{min-width:0}.found .range{font-size:.68rem;letter-spacing:-.03em}.labels,.counts{font-size:.8rem}.labels th,.labels td,.counts th,.counts td{padding:8px 3px}.labels th:first-child{padding-left:0}.labels :is(th,td):last-child{padding-right:0}.labels thead th,.counts thead th{font-size:.7rem}.counts thead .num{white-space:normal}.labels tbody th,.counts tbody th{min-width:4.5em}th[aria-sort=none] button::after{content:none}.card{font-size:.82rem}.card dl{padding:9px 9px 2px}.path{padding:6px 9px 9px}}
`;
