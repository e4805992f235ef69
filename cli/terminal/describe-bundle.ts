import type { VerifiedBundle } from '../../shared/export/verify-bundle.ts';
import { formatPlural } from './format.ts';

/** `6 held-out pictures: probabilities differ by at most 1.2e-7 (tolerance 0.002)`. */
export function describeGolden({ pictures, largestDifference, tolerance }: VerifiedBundle): string {
  const kind = pictures.every(({ source }) => source === 'test') ? 'held-out' : 'drawn';
  return (
    `${formatPlural(pictures.length, `${kind} picture`)}: probabilities differ by at most ${formatDifference(largestDifference)} ` +
    `(tolerance ${tolerance})`
  );
}

/** `0`, `1.2e-7`. */
export function formatDifference(difference: number): string {
  return difference === 0 ? '0' : difference.toExponential(1);
}
