import { markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';
import { factList, type Fact, type Section } from './section.ts';

const HYPERPARAMETER_NAMES = {
  epochs: 'Epochs at most',
  batchSize: 'Batch size',
  learningRate: 'Learning rate (Adam)',
  dropout: 'Dropout',
  l2: 'L2 penalty',
  classWeights: 'Class weights',
  seed: 'Seed',
  patience: 'Patience (epochs)',
} as const;

/** What it takes to get the same numbers again. */
export function reproductionSection({ reproduction, split }: ReportInput): Section {
  const { command, backbone, pooling, engine, hyperparameters, software } = reproduction;
  const settings: Fact[] =
    hyperparameters === null
      ? []
      : Object.entries(HYPERPARAMETER_NAMES).map(([key, name]) => ({
          name,
          value: hyperparameters[key as keyof typeof HYPERPARAMETER_NAMES],
        }));
  const splitFacts: Fact[] =
    split === null || split.method === 'folders'
      ? []
      : [
          {
            name: 'Split',
            value: `${percent(split.fractions.train)} / ${percent(split.fractions.valid)} / ${percent(split.fractions.test)}, seed ${split.seed}`,
          },
        ];
  const groups: readonly (readonly [string, readonly Fact[]])[] = [
    [
      'Backbone',
      [
        { name: 'Name', value: `${backbone.name}, ${backbone.precision}` },
        { name: 'Id', value: markup`<code>${backbone.id}</code>` },
        { name: 'SHA-256', value: markup`<code>${backbone.sha256}</code>` },
        { name: 'Licence', value: backbone.licence },
        { name: 'Pooling', value: pooling },
      ],
    ],
    ['Training', [{ name: 'Engine', value: engine }, ...settings, ...splitFacts]],
    ['Software', Object.entries(software).map(([name, value]) => ({ name, value }))],
  ];
  return {
    id: 'reproduce',
    title: 'Do it again',
    content: markup`<p class="fine">The same pictures, command and versions give the same numbers; on the same kind of processor, the same bytes.</p><pre tabindex="0" aria-label="Command"><code>${command}</code></pre><div class="groups">${groups.map(([title, facts]) => markup`<div><h3>${title}</h3>${factList(facts)}</div>`)}</div>`,
  };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}
