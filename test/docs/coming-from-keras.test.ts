import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../cli/program.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../shared/head/hyperparameters.ts';
import { GOLDEN_TOLERANCE } from '../../shared/export/golden-answers.ts';
import { MINIMUM_CALIBRATION_PICTURES } from '../../shared/evaluation/fit-temperature.ts';
import { backboneEntry } from '../../shared/backbone/backbone-registry.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/coming-from-keras.md'), 'utf8');
const commands = [...page.matchAll(/npx headstart ([^`\n]+)/g)].map(([, words = '']) => words.trim().split(/\s+/));

/** The command that the words name, and the words behind its name. */
function find(words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } {
  let command = buildProgram();
  let rest = words;
  for (;;) {
    const next = command.commands.find((candidate) => candidate.name() === rest[0]);
    if (next === undefined) return { command, rest };
    command = next;
    rest = rest.slice(1);
  }
}

describe('the page "Coming from Keras"', () => {
  it.each(commands.map((words) => [words.join(' '), words] as const))('names a command that exists: %s', (_, words) => {
    const { command, rest } = find(words);

    expect(command.commands).toHaveLength(0);
    const known = command.options.flatMap(({ long }) => long ?? []);
    const flags = rest.filter((word) => word.startsWith('--'));
    expect(known).toEqual(expect.arrayContaining(flags));
    const required = command.options.filter(({ mandatory }) => mandatory).map(({ long }) => long);
    expect(flags).toEqual(expect.arrayContaining(required));
  });

  it('states the defaults and bounds of the code', () => {
    const { dropout, learningRate, batchSize, epochs, patience } = DEFAULT_HYPERPARAMETERS;

    expect(commands.length).toBeGreaterThan(6);
    expect(page).toContain(`\`--dropout ${dropout}\`, the default`);
    expect(page).toContain(`\`--learning-rate ${learningRate}\`, the default`);
    expect(page).toContain(`\`--batch-size ${batchSize}\`, the default`);
    expect(page).toContain(`the default is ${epochs} epochs, stopped after ${patience} without gain`);
    expect(page).toContain(`${patience} epochs without a better validation loss`);
    expect(page).toContain(`With ${MINIMUM_CALIBRATION_PICTURES} or more validation pictures`);
    expect(Number(/golden pictures +\| ([\de.-]+)/.exec(page)?.[1])).toBe(GOLDEN_TOLERANCE);
    expect(page).toContain(path.basename(backboneEntry('resnet50').sources[0]?.url ?? 'none'));
  });
});
