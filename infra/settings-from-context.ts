import { SETTING_RULES } from './validate-settings.ts';

const NUMBERS = new Set([
  'embedMemoryMb',
  'embedConcurrency',
  'trainMemoryMb',
  'predictMemoryMb',
  'predictConcurrency',
  'monthlyBudgetUsd',
  'logRetentionDays',
]);
const LISTS = new Set(['jwtAudience', 'trainDatasets']);

/** A context value is always text on the command line (`-c embedMemoryMb=3538`), and may be anything in cdk.json. */
export function settingsFromContext(read: (name: string) => unknown): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const name of Object.keys(SETTING_RULES)) {
    const value = read(name);
    if (value !== undefined && value !== '') settings[name] = fromText(name, value);
  }
  return settings;
}

/** What cannot be read stays as it is, for validateSettings to name. */
function fromText(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (NUMBERS.has(name)) return Number.isNaN(Number(value)) ? value : Number(value);
  if (LISTS.has(name)) return value.split(',').map((item) => item.trim());
  if (name === 'tags') return tagsFrom(value);
  return value;
}

function tagsFrom(value: string): unknown {
  const pairs = value.split(',').map((pair) => pair.split('='));
  return pairs.every(([name, ...rest]) => name !== '' && rest.length > 0)
    ? Object.fromEntries(pairs.map(([name, ...rest]) => [name, rest.join('=')] as const))
    : value;
}
