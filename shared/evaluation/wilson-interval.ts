import type { Proportion } from './evaluation.ts';

/** 97.5% quantile of the standard normal distribution: a two-sided 95% interval. */
const Z = 1.959963984540054;

/**
 * Share of successes with the 95% score interval, which unlike `p ± 1.96 s` stays inside [0, 1] and is honest for few
 * trials and for shares of 0 and 1.
 *
 * @param trials at least 1
 * @see E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927)
 */
export function wilsonInterval(successes: number, trials: number): Proportion {
  const value = successes / trials;
  const z2 = Z * Z;
  const centre = (successes + z2 / 2) / (trials + z2);
  const half = (Z / (trials + z2)) * Math.sqrt(trials * value * (1 - value) + z2 / 4);
  // Rounding may leave the bound an ulp away from where the formula puts it exactly.
  const low = successes === 0 ? 0 : Math.max(0, centre - half);
  const high = successes === trials ? 1 : Math.min(1, centre + half);
  return { value, low, high };
}
