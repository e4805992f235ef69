import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../infra/team-settings.ts';
import { SETTING_RULES } from '../../infra/validate-settings.ts';
import { estimateEmbedding, estimateIdle, estimatePredictions } from '../../shared/cost/estimate-cost.ts';
import { synthesiseStack, type SynthesisedStack } from '../support/aws/synthesised-stack.ts';

const file = path.resolve(import.meta.dirname, '../../docs/operations.md');
/** Without the padding of its tables. */
const page = readFileSync(file, 'utf8').replaceAll(/ {2,}/g, ' ');

interface Alarm {
  readonly Properties: { readonly AlarmName: string };
}

describe('docs/operations.md', () => {
  let stack: SynthesisedStack;
  beforeAll(async () => {
    stack = await synthesiseStack();
  });

  it('says what to do about every alarm, and about no other', () => {
    const alarms = Object.values(
      stack.template.findResources('AWS::CloudWatch::Alarm') as Readonly<Record<string, Alarm>>,
    ).map(({ Properties: { AlarmName: name } }) => name.replace('headstart-test-', ''));
    const headings = [...page.matchAll(/^### ([a-z-]+)$/gm)].map(([, name]) => name);
    expect(headings.sort()).toEqual(alarms.sort());
  });

  it('names every setting, with its default', () => {
    for (const name of Object.keys(SETTING_RULES)) expect(page).toContain(`\`${name}\``);
    for (const value of Object.values(DEFAULT_SETTINGS)) expect(page).toContain(String(value));
  });

  it('quotes the prices that the estimate gives', () => {
    const rounded = (usd: number) => usd.toFixed(1);
    for (const durationMs of [60, 150]) {
      expect(page).toContain(`| ${rounded(estimatePredictions(1e6, { durationMs, memoryMb: 1769 }).totalUsd)}0 |`);
    }
    expect(page).toContain(`| ${rounded(estimateEmbedding(1e6, { durationMs: 60, memoryMb: 3538 }).totalUsd)}0 |`);
    expect(page).toContain(`| ${estimateIdle().totalUsd.toFixed(2)}, `);
  });
});
