import type { Split } from './dataset.ts';
import type { ExcludedPicture, ExclusionReason, SplitPlan } from './split-plan.ts';

const EXCLUSIONS: Readonly<Record<ExclusionReason, string>> = {
  duplicate: 'occur more than once; each is used once',
  leak: 'of train or valid are also in a later split; they were left out there, so that the accuracy is not of pictures already seen',
  'label-conflict': 'lie under two labels; none of them is used until the wrong ones are removed',
};

interface SplitFacts extends Pick<SplitPlan, 'method' | 'excluded' | 'counts' | 'fractions'> {
  readonly missing: readonly Split[];
}

/** What a person should know about a split before trusting its numbers. */
export function splitWarnings({ method, missing, excluded, counts, fractions }: SplitFacts): string[] {
  const warnings: string[] = [];
  for (const [reason, group] of Map.groupBy(excluded, (picture) => picture.reason)) {
    warnings.push(
      `${group.length} ${group.length === 1 ? 'picture' : 'pictures'} ${EXCLUSIONS[reason]}${example(group)}`,
    );
  }
  if (method === 'folders+hash') {
    const taken = missing.filter((split) => fractions[split] > 0).map((split) => `"${split}"`);
    if (taken.length > 0)
      warnings.push(`no folder ${taken.join(' and ')} was found; its pictures were taken from train`);
  }
  for (const split of ['valid', 'test'] as const) {
    if (fractions[split] === 0 && missing.includes(split)) continue;
    const without = counts.filter((count) => count[split] === 0).map(({ label }) => `"${label}"`);
    if (without.length === 0) continue;
    const use = split === 'test' ? 'nothing judges them' : 'they have no part in early stopping and calibration';
    warnings.push(`${without.length} of ${counts.length} labels have no ${split} picture (${listed(without)}): ${use}`);
  }
  return warnings;
}

function example([first]: readonly ExcludedPicture[]): string {
  return first === undefined ? '' : ` (for example "${first.key}": ${first.detail})`;
}

function listed(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')}, …`;
}
