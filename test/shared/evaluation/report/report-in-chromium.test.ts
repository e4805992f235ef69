import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateLogits } from '../../../../shared/evaluation/evaluate-logits.ts';
import { renderReport } from '../../../../shared/evaluation/report/render-report.ts';
import type { ReportInput } from '../../../../shared/evaluation/report/report-input.ts';
import { chromiumPath, launchChromium, NEEDS_CHROMIUM } from '../../../support/chromium.ts';
import { makeReportInput, makeRequest } from '../../../support/evaluations.ts';
import { contrastsOf } from './contrasts.ts';

const HOSTILE = [
  '<script>window.broken = 1</script>',
  '"><img src=x onerror="window.broken = 2">',
  "'-alert(1)-'</style><style>body{display:none}",
  '&lt;b&gt; &amp; \u202Egnirts',
  'javascript:window.broken=3',
  'averyveryverylongwordwithoutanyplacetobreak'.repeat(4),
];
/** One grey pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);

function hostileInput(): ReportInput {
  const harmless = makeReportInput(HOSTILE, 160);
  const [bad = ''] = HOSTILE;
  const thumbnails: ReportInput['thumbnails'] = new Map(
    harmless.evaluation.mistakes.map(({ key }) => [key, { mediaType: 'image/png', bytes: PIXEL }]),
  );
  return {
    ...harmless,
    thumbnails,
    dataset: bad.repeat(4),
    modelVersion: bad,
    warnings: [...HOSTILE],
    promotion: bad,
    skipped: HOSTILE.map((key) => ({ key, reason: key, detail: key })),
    excluded: HOSTILE.map((key) => ({ key, label: key, reason: 'leak', detail: key, otherKeys: [key] })),
    reproduction: { ...harmless.reproduction, command: `headstart train '${bad}'`, software: { [bad]: bad } },
  };
}

const hundred = Array.from({ length: 100 }, (_, index) => `a rather long label ${index}`);
const inputs: Readonly<Record<string, ReportInput>> = {
  'five labels': makeReportInput(['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips'], 160),
  'a hundred labels': makeReportInput(hundred, 500),
  'two labels, one picture': {
    ...makeReportInput(['ant', 'bee'], 60, { history: [], bestEpoch: null, split: null, temperature: null }),
    evaluation: evaluateLogits(makeRequest(1, ['ant', 'bee'])),
  },
  'hostile names': hostileInput(),
};

describe.skipIf(chromiumPath === null)(`the report in Chromium (${NEEDS_CHROMIUM})`, () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'headstart-report-'));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Opened {
    readonly page: Page;
    readonly complaints: string[];
    readonly requests: string[];
  }

  async function open(name: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Opened> {
    const input = inputs[name];
    if (input === undefined) throw new Error(`no report named ${name}`);
    const file = path.join(folder, 'report.html');
    await writeFile(file, renderReport(input));
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests };
  }

  describe.each(Object.keys(inputs))('of %s', (name) => {
    it.each([360, 768, 1280])('fits a window %d pixels wide, without a complaint or a request', async (width) => {
      const { page, complaints, requests } = await open(name, { viewport: { width, height: 800 } });
      for (const details of await page.locator('details').all())
        await details.evaluate((element) => {
          element.setAttribute('open', '');
        });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(complaints).toEqual([]);
      expect(requests).toHaveLength(1);
      await page.close();
    });

    it('can be read without its script', async () => {
      const { page } = await open(name, { javaScriptEnabled: false });
      expect(await page.locator('table.labels tbody tr').count()).toBe(inputs[name]?.evaluation.labels.length);
      await page.close();
    });

    it.each(['light', 'dark'] as const)(
      'has text that stands out from its ground when it is %s',
      async (colorScheme) => {
        const { page } = await open(name, { colorScheme });
        const weak = (await contrastsOf(page)).filter(({ ratio }) => ratio < 4.5);
        expect(weak).toEqual([]);
        await page.close();
      },
    );
  });

  it('changes its colours with the scheme of the system', async () => {
    const grounds: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open('five labels', { colorScheme });
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      await page.close();
    }
    expect(new Set(grounds).size).toBe(2);
  });

  it('sorts the labels by each column, up and down, also by keyboard', async () => {
    const { page } = await open('five labels');
    const column = (index: number) => page.locator(`table.labels tbody tr > :nth-child(${index})`).allInnerTexts();
    const names = await column(1);
    const f1 = page.locator('table.labels thead th').nth(4);
    await f1.getByRole('button').click();
    const ascending = (await column(5)).map(Number);
    expect(ascending).toEqual([...ascending].sort((a, b) => a - b));
    expect(await f1.getAttribute('aria-sort')).toBe('ascending');
    await f1.getByRole('button').focus();
    await page.keyboard.press('Enter');
    const descending = (await column(5)).map(Number);
    expect(descending).toEqual([...descending].sort((a, b) => b - a));
    expect(descending).not.toEqual(ascending);
    expect(await f1.getAttribute('aria-sort')).toBe('descending');
    await page.locator('table.labels thead th').first().getByRole('button').click();
    expect(await column(1)).toEqual([...names].sort());
    expect(await f1.getAttribute('aria-sort')).toBe('none');
    await page.close();
  });

  it('draws the intervals of all labels under one another, and fits every column on a phone', async () => {
    const { page } = await open('a hundred labels');
    const shown = await page.locator('table.labels .found b').allInnerTexts();
    expect(new Set(shown.map((text) => text.length)).size).toBeGreaterThan(1);
    const bars = page.locator('table.labels .mini');
    const lefts = await bars.evaluateAll((all) => all.map((bar) => Math.round(bar.getBoundingClientRect().left)));
    expect(new Set(lefts).size).toBe(1);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await bars.first().isVisible()).toBe(false);
    expect(await page.locator('table.labels .range:visible').count()).toBe(shown.length);
    await page.close();
    const { page: phone } = await open('five labels', { viewport: { width: 360, height: 800 } });
    const region = phone
      .getByRole('region', { name: 'Measures of each label' })
      .filter({ has: phone.locator('table') });
    expect(await region.last().evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await phone.close();
  });

  it('shows hostile names as text: nothing runs, and nothing of them becomes an element', async () => {
    const { page } = await open('hostile names');
    expect(await page.evaluate(() => Reflect.get(window, 'broken') as unknown)).toBeUndefined();
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.locator('style').count()).toBe(1);
    expect(await page.locator('img:not([src^="data:"])').count()).toBe(0);
    expect(await page.locator('[onerror]').count()).toBe(0);
    expect(await page.locator('table.labels tbody th').first().textContent()).toBe(HOSTILE[0]);
    await page.close();
  });

  it('refuses script and style that did not come with it', async () => {
    const { page, complaints } = await open('five labels');
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.broken = 4';
      document.body.append(script);
    });
    expect(await page.evaluate(() => Reflect.get(window, 'broken') as unknown)).toBeUndefined();
    expect(complaints.join()).toContain('Content Security Policy');
    await page.close();
  });

  it('names its regions, pictures and charts for a screen reader', async () => {
    const { page } = await open('hostile names');
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.locator('img:not([alt]), svg:not([aria-hidden]):not([aria-label])').count()).toBe(0);
    expect(await page.locator('table:not(:has(caption))').count()).toBe(0);
    expect(await page.getByRole('main').count()).toBe(1);
    for (const link of await page.locator('nav a').all())
      expect(await page.locator((await link.getAttribute('href')) ?? '#none').count()).toBe(1);
    await page.close();
  });

  it('draws every chart inside its own frame', async () => {
    const { page } = await open('five labels');
    const outside = await page.evaluate(
      () =>
        [...document.querySelectorAll('svg.chart')].flatMap((chart) => {
          const frame = chart.getBoundingClientRect();
          return [...chart.querySelectorAll('rect, circle, polyline, text, line')].filter((shape) => {
            const box = shape.getBoundingClientRect();
            return (
              box.left < frame.left - 1 ||
              box.right > frame.right + 12 ||
              box.top < frame.top - 1 ||
              box.bottom > frame.bottom + 1
            );
          });
        }).length,
    );
    expect(await page.locator('svg.chart').count()).toBe(4);
    expect(outside).toBe(0);
    await page.close();
  });

  it('prints in black on white, without its navigation', async () => {
    const { page } = await open('five labels');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
    await page.close();
  });
});
