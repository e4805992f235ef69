import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../shared/errors.ts';
import {
  addEstimates,
  ALARMS_OF_A_STACK,
  describeCost,
  estimateEmbedding,
  estimateIdle,
  estimatePredictions,
  estimateStorage,
  estimateTraining,
  trainingDurationMs,
} from '../../../shared/cost/estimate-cost.ts';
import { PRICE_TABLE } from '../../../shared/cost/price-table.ts';
import { synthesiseStack } from '../../support/aws/synthesised-stack.ts';

describe('estimates of the cost', () => {
  it('count a million predictions as a calculation by hand does', () => {
    const { totalUsd } = estimatePredictions(1e6, { durationMs: 100, memoryMb: 1024 });
    // $1.00 HTTP API + $0.20 requests + 100,000 GB-seconds for $1.66667 + 1.5 GB of log for $0.75.
    expect(totalUsd).toBeCloseTo(1 + 0.2 + 1.66667 + 0.75, 4);
  });

  it('count pictures, trainings and storage as a calculation by hand does', () => {
    const embedding = estimateEmbedding(1000, { durationMs: 50, memoryMb: 2048 });
    // 1,010 writes, 1,000 reads, 1,200 messages, 10 invocations, 100 GB-seconds.
    expect(embedding.totalUsd).toBeCloseTo(0.00505 + 0.0004 + 0.00048 + 0.000002 + 0.00166667, 8);
    const training = estimateTraining({ durationMs: 10_000, memoryMb: 7168, shards: 4 });
    expect(training.totalUsd).toBeCloseTo(0.00035 + 70 * 0.0000166667 + 12 * 0.0000004, 8);
    expect(addEstimates(embedding, training).totalUsd).toBeCloseTo(embedding.totalUsd + training.totalUsd, 12);
    expect(estimateStorage(10e9).totalUsd).toBeCloseTo(0.23, 10);
  });

  it('take the time of a training from its rows, epochs and parameters', () => {
    const sports = { rows: 13_500, epochs: 20, dimensions: 2048, classes: 100 };
    const fixed = trainingDurationMs({ ...sports, rows: 0 });
    expect(trainingDurationMs(sports) - fixed).toBeGreaterThan(20 * 390);
    expect(trainingDurationMs(sports) - fixed).toBeLessThan(20 * 410);
    expect(trainingDurationMs({ ...sports, classes: 200 }) - fixed).toBeCloseTo(
      2 * (trainingDurationMs(sports) - fixed),
      6,
    );
    // Of a head of two classes the reading of the rows is what takes time.
    expect(trainingDurationMs({ ...sports, classes: 2 })).toBe(trainingDurationMs({ ...sports, classes: 3 }));
  });

  it('count the alarms that the stack has', async () => {
    const { template } = await synthesiseStack();
    expect(Object.keys(template.findResources('AWS::CloudWatch::Alarm'))).toHaveLength(ALARMS_OF_A_STACK);
    expect(estimateIdle().totalUsd).toBeCloseTo(ALARMS_OF_A_STACK * 0.1 + 3, 10);
  });

  it('name the region and the year of their prices', () => {
    const lines = describeCost(estimateIdle());
    expect(lines.at(-1)).toContain(`$4.40  in all, at the list prices of ${PRICE_TABLE.region} of ${PRICE_TABLE.asOf}`);
    expect(describeCost(estimateTraining({ durationMs: 1, memoryMb: 1024, shards: 1 }))[1]).toContain('$0.000000017');
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('throw for %s pictures', (count) => {
    expect(() => estimatePredictions(count, { durationMs: 1, memoryMb: 1 })).toThrow(InvalidInputError);
  });
});
