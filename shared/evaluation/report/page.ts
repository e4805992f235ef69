import { createHash } from 'node:crypto';
import { markup, name, trusted, type Markup } from './markup.ts';
import type { ReportInput } from './report-input.ts';
import type { Section } from './sections/section.ts';
import { SORT_SCRIPT } from './sort-script.ts';
import { BASE_STYLE } from './style/base.ts';
import { CHART_STYLE } from './style/charts.ts';
import { MATRIX_STYLE } from './style/matrix.ts';
import { PART_STYLE } from './style/parts.ts';

const STYLE = `${BASE_STYLE}${PART_STYLE}${MATRIX_STYLE}${CHART_STYLE}`;

/** Only our own style and script, by their hashes, and pictures inside the page: what a label smuggles in stays dead. */
const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SORT_SCRIPT)}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The document around the sections. */
export function renderPage(input: ReportInput, sections: readonly Section[], body: Markup): string {
  const { dataset, modelVersion, createdAt, reproduction } = input;
  const made = [
    modelVersion === null ? null : `version ${modelVersion}`,
    createdAt === null ? null : minuteOf(createdAt),
    reproduction.backbone.name,
  ];
  const meta = made
    .filter((part) => part !== null)
    .map((part, index) => markup`${index === 0 ? '' : ' · '}<span>${part}</span>`);
  const links = sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${dataset}: evaluation</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the results</a>
<header><p class="brand">Headstart</p><h1>${name(dataset)}</h1><p class="meta">${meta}</p></header>
<nav aria-label="Sections"><ul>${links}</ul></nav>
<main id="content">
${body}</main>
<footer><p>Everything shown is inside this file. It asks no server for anything.</p></footer>
<script>${trusted(SORT_SCRIPT)}</script>
</body>
</html>
`.html;
}

/** `2026-11-24 10:45 UTC`. */
function minuteOf(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/.exec(iso);
  return match === null ? iso : `${match[1] ?? ''} ${match[2] ?? ''} UTC`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
