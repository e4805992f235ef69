/**
 * A share as a percentage, with one decimal from 100 pictures on (below, one picture is more than a whole percent). Never
 * rounds to 100% or 0% what is not.
 */
export function formatPercent(share: number, pictureCount = Number.POSITIVE_INFINITY): string {
  const decimals = pictureCount < 100 ? 0 : 1;
  const step = 10 ** -decimals;
  const percent = share * 100;
  if (percent <= 0) return '0%';
  if (percent >= 100) return '100%';
  return `${Math.min(100 - step, Math.max(step, percent)).toFixed(decimals)}%`;
}

/** Bounds of an interval, rounded outwards to whole percents: never narrower than it is. */
export function formatRange({ low, high }: { readonly low: number; readonly high: number }): [string, string] {
  return [`${Math.floor(low * 100 + 1e-9)}%`, `${Math.ceil(high * 100 - 1e-9)}%`];
}

/** A small chance, as a percentage with as many decimals as it needs. */
export function formatChance(chance: number): string {
  if (chance >= 0.01) return `${(chance * 100).toFixed(0)}%`;
  return chance < 0.0001 ? 'less than 0.01%' : `${(chance * 100).toFixed(2)}%`;
}

/** `1 picture`, `12 pictures`, `1,200 pictures`. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-GB');
}

/** Names in a sentence, in quotes, the rest counted. */
export function listNames(names: readonly string[], limit = 5): string {
  const shown = names.slice(0, limit).map((name) => `"${name}"`);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}
