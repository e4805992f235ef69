/**
 * List prices that every estimate is made from, in US dollars, without free allowances and discounts. Of us-east-1; most regions of Europe and Asia are up
 * to a fifth dearer. Change them here and nowhere else.
 *
 * @see https://aws.amazon.com/lambda/pricing/, /s3/pricing/, /sqs/pricing/, /api-gateway/pricing/, /step-functions/pricing/, /cloudwatch/pricing/
 */
export const PRICE_TABLE = {
  region: 'us-east-1',
  /**
   * Of the least recent. Step Functions, SQS and CloudWatch: pages of 2026 (AWS' own, undated, and others' of March to June 2026). HTTP API: others'
   * pages of May 2025 and 2026. Lambda: AWS' own paper on pricing, undated. S3: from memory, no dated page of AWS was found; look at its price list
   * before you rely on it.
   */
  asOf: '2025',
  usd: {
    lambdaGbSecond: 0.0000166667,
    lambdaRequest: 0.2 / 1e6,
    /** Metered in steps of 512 KB: a larger picture counts as several. */
    httpApiRequest: 1 / 1e6,
    sqsRequest: 0.4 / 1e6,
    s3Put: 0.005 / 1e3,
    s3Get: 0.0004 / 1e3,
    s3GbMonth: 0.023,
    stateTransition: 0.025 / 1e3,
    logGb: 0.5,
    alarmMonth: 0.1,
    dashboardMonth: 3,
  },
} as const;

export type Price = keyof typeof PRICE_TABLE.usd;
