/** Colours, type, page. */
export const BASE_STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#161a22;--soft:#565f6e;--line:#e2e5ea;--track:#e7eaef;--good:#1d4fd7;--good-ink:#1d4fd7;--bad:#b93a0a;--bad-ink:#a83408;--tint:#eef3ff;--warn:#fff8e8;--warn-line:#e9b949;--code:#f1f3f6;--shadow:0 1px 2px rgb(16 24 40/.05),0 4px 16px rgb(16 24 40/.05)}
@media (prefers-color-scheme:dark){:root{--bg:#0e1116;--card:#161b22;--ink:#e8ebf0;--soft:#a0a9b8;--line:#2a313c;--track:#262d38;--good:#3668e8;--good-ink:#84a9ff;--bad:#c2410c;--bad-ink:#ff9a66;--tint:#17223b;--warn:#241e10;--warn-line:#a67c1f;--code:#0f141b;--shadow:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:4rem}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;-webkit-font-smoothing:antialiased}
header,main,footer{max-width:1080px;margin:0 auto;padding:0 24px}
header{padding-top:44px}
.brand{margin:0 0 6px;font-size:.78rem;font-weight:650;letter-spacing:.09em;text-transform:uppercase;color:var(--good-ink)}
h1{margin:0;font-size:clamp(1.8rem,5vw,2.6rem);line-height:1.12;letter-spacing:-.022em;font-weight:720;overflow-wrap:anywhere}
.meta span{display:inline-block}
.meta{margin:8px 0 0;color:var(--soft);font-size:.92rem;overflow-wrap:anywhere}
nav{position:sticky;top:0;z-index:5;margin-top:22px;background:var(--bg);border-bottom:1px solid var(--line)}
nav ul{display:flex;gap:4px;max-width:1080px;margin:0 auto;padding:0 14px;list-style:none;overflow-x:auto;scrollbar-width:none}
nav a{display:block;padding:11px 10px;color:var(--soft);font-size:.9rem;text-decoration:none;white-space:nowrap}
nav a:hover{color:var(--ink);text-decoration:underline;text-underline-offset:4px}
section{margin:28px 0;padding:26px 28px 28px;background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:var(--shadow)}
h2{margin:0 0 8px;font-size:1.3rem;line-height:1.25;letter-spacing:-.012em;font-weight:680}
h3{margin:26px 0 10px;font-size:1rem;font-weight:650}
p{margin:0 0 12px}
.fine{color:var(--soft);font-size:.92rem;max-width:86ch;text-wrap:pretty}
.good-news{color:var(--soft)}
code,pre{font:.86em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
pre{margin:0 0 8px;padding:14px 16px;background:var(--code);border:1px solid var(--line);border-radius:10px;white-space:pre-wrap}
:focus-visible{outline:2px solid var(--good-ink);outline-offset:2px;border-radius:4px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-999px}
.skip:focus{left:12px;top:8px;z-index:9;padding:8px 12px;background:var(--card);color:var(--ink)}
.scroll{max-width:100%;overflow:auto}
footer{padding-bottom:44px;color:var(--soft);font-size:.85rem}
@media (max-width:640px){header,main,footer{padding-left:14px;padding-right:14px}header{padding-top:26px}section{margin:16px 0;padding:20px 16px}nav ul{padding:0 4px}}
@media print{:root{--bg:#fff}body{font-size:10.5pt}nav,.skip{display:none}section{border:0;box-shadow:none;padding:0;margin:18pt 0}.card,figure,tr{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
