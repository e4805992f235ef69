import { readFileSync } from 'node:fs';
import { z } from 'zod';

const calibration = z.object({ logLoss: z.number(), brier: z.number(), expectedError: z.number() });
const averages = z.object({ precision: z.number(), recall: z.number(), f1: z.number() });
const shares = z.array(z.number().nullable());

const schema = z.object({
  cases: z
    .array(
      z.object({
        name: z.string(),
        classes: z.number(),
        truth: z.array(z.number()),
        logits: z.array(z.number()),
        accuracy: z.number(),
        topK: z.array(z.object({ k: z.number(), accuracy: z.number() })),
        confusion: z.array(z.array(z.number())),
        precision: shares,
        recall: shares,
        f1: shares,
        support: z.array(z.number()),
        macro: averages,
        weighted: averages,
        temperature: z.number(),
        before: calibration,
        after: calibration,
      }),
    )
    .min(1),
  intervals: z.array(z.object({ successes: z.number(), trials: z.number(), low: z.number(), high: z.number() })).min(1),
  paired: z
    .array(
      z.object({
        bothRight: z.number(),
        onlyLiveRight: z.number(),
        onlyCandidateRight: z.number(),
        bothWrong: z.number(),
        pValue: z.number(),
        pValueWorse: z.number(),
      }),
    )
    .min(1),
});

export type MetricsFixture = z.infer<typeof schema>;

/** What scikit-learn, statsmodels and SciPy say; written by test/parity/metrics-fixture.py. */
export function readMetricsFixture(): MetricsFixture {
  return schema.parse(JSON.parse(readFileSync(new URL('../parity/metrics.json', import.meta.url), 'utf8')));
}
