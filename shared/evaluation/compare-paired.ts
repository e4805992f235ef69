import { refuse } from './assert-logits.ts';
import { formatChance } from './percent.ts';

/** Two models on the same pictures. */
export interface PairedComparison {
  readonly pictureCount: number;
  readonly bothRight: number;
  readonly onlyLiveRight: number;
  readonly onlyCandidateRight: number;
  readonly bothWrong: number;
  /** Exact McNemar test, two-sided: chance of a difference at least as large between equally good models. */
  readonly pValue: number;
  /** One-sided: chance that a candidate as good as the live model loses at least as many of the disputed pictures. */
  readonly pValueWorse: number;
}

/** Chance, 1 in 20, to refuse a candidate that is as good as the live model. */
export const GATE_SIGNIFICANCE = 0.05;

/**
 * Counts where two models differ. Only pictures that exactly one of them answers right tell them apart; between equally
 * good models each such picture is a coin toss, so that their number follows the binomial distribution with 1/2.
 *
 * @param live for each picture, whether the live model's label is right
 * @param candidate the same pictures in the same order
 * @throws InvalidInputError code `invalid_evaluation` for lists of different lengths
 * @see Q. McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12
 *   (1947); exact form as in A. Agresti, "Categorical data analysis", section 11.1
 */
export function comparePaired(live: readonly boolean[], candidate: readonly boolean[]): PairedComparison {
  if (live.length !== candidate.length)
    refuse(
      `expected both models to answer the same pictures, received ${live.length} answers of the live and ${candidate.length} of the new one`,
    );
  const counts = { bothRight: 0, onlyLiveRight: 0, onlyCandidateRight: 0, bothWrong: 0 };
  live.forEach((isLiveRight, index) => {
    const isCandidateRight = candidate[index] === true;
    if (isLiveRight) counts[isCandidateRight ? 'bothRight' : 'onlyLiveRight']++;
    else counts[isCandidateRight ? 'onlyCandidateRight' : 'bothWrong']++;
  });
  const { onlyLiveRight: lost, onlyCandidateRight: won } = counts;
  const smallerTail = coinTosses(lost + won, Math.min(lost, won));
  return {
    pictureCount: live.length,
    ...counts,
    pValue: Math.min(1, 2 * smallerTail),
    // P(losses >= lost) = P(wins <= won).
    pValueWorse: coinTosses(lost + won, won),
  };
}

/**
 * Whether the candidate may replace the live model: the test does not show it to be worse. With few disputed pictures (below
 * 5 at the default) no result can show that; `describeComparison` says so.
 *
 * @param significance in (0, 1). @default GATE_SIGNIFICANCE
 */
export function isNotWorse(comparison: PairedComparison, significance: number = GATE_SIGNIFICANCE): boolean {
  return comparison.pValueWorse >= significance;
}

/** The gate's reason, one sentence. */
export function describeComparison(comparison: PairedComparison, significance: number = GATE_SIGNIFICANCE): string {
  const { pictureCount, bothRight, onlyLiveRight, onlyCandidateRight, pValueWorse } = comparison;
  if (pictureCount === 0) return 'there are no held-out pictures that both versions could be compared on';
  const score = `on the same ${pictureCount} held-out ${pictureCount === 1 ? 'picture' : 'pictures'} the new version has ${bothRight + onlyCandidateRight} right and the live one ${bothRight + onlyLiveRight}`;
  const disputed = onlyLiveRight + onlyCandidateRight;
  if (disputed === 0) return `${score}; they answer every one of them alike`;
  const split = `of the ${disputed} that only one of them has right, ${onlyCandidateRight} ${onlyCandidateRight === 1 ? 'goes' : 'go'} to the new one`;
  if (!isNotWorse(comparison, significance))
    return `${score}; ${split}, which chance alone would do in ${formatChance(pValueWorse)} of cases: it is worse`;
  if (2 ** -disputed >= significance)
    return `${score}; too few differ to tell them apart, so it is not shown to be worse`;
  return `${score}; ${split}: it is not worse`;
}

/** P(X <= successes) for X ~ Binomial(trials, 1/2), in logarithms, so that a million pictures do not underflow. */
function coinTosses(trials: number, successes: number): number {
  if (successes >= trials) return 1;
  let logTerm = -trials * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= successes; k++) {
    logTerm += Math.log((trials - k + 1) / k);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}
