import { InvalidInputError } from '../errors.ts';
import { PRICE_TABLE, type Price } from './price-table.ts';

export interface CostLine {
  /** For people: `answers of the HTTP API`. */
  readonly what: string;
  readonly price: Price;
  /** In the unit of the price. */
  readonly quantity: number;
  readonly usd: number;
}

export interface CostEstimate {
  readonly lines: readonly CostLine[];
  readonly totalUsd: number;
}

/** Alarms of a team's stack (infra/parts/monitoring.ts); a test holds the two together. */
export const ALARMS_OF_A_STACK = 14;
/** Messages that SQS hands out at once, and deletes at once. */
const MESSAGES_PER_REQUEST = 10;
/** Pictures in one invocation of embed-images at full load, and so in one shard. */
const PICTURES_PER_BATCH = 100;
/** Two lines of ours, three of the platform's and one of the API's. */
const LOG_BYTES_PER_REQUEST = 1500;
/** Opening of the shards, measuring and the report. */
const START_MS = 5000;
const MS_PER_ROW = 0.008;
/** 0.4 s for 13,500 rows and a head of 2,048 x 100. */
const MS_PER_ROW_AND_PARAMETER = 1.45e-7;
/** Steps of the training workflow, from reading its input to promoting. */
const TRANSITIONS_PER_TRAINING = 14;

/** What a stack costs that nobody uses, a month. Storage comes on top: estimateStorage. */
export function estimateIdle(): CostEstimate {
  return total([line('alarms', 'alarmMonth', ALARMS_OF_A_STACK), line('dashboard', 'dashboardMonth', 1)]);
}

export interface FunctionUse {
  /** Wall time of one picture in a function of this memory, milliseconds; measure it with your backbone. */
  readonly durationMs: number;
  readonly memoryMb: number;
}

/** Predictions by HTTP, with the picture in the request. @throws InvalidInputError for a negative or infinite number */
export function estimatePredictions(count: number, { durationMs, memoryMb }: FunctionUse): CostEstimate {
  assertQuantities({ count, durationMs, memoryMb });
  return total([
    line('answers of the HTTP API', 'httpApiRequest', count),
    line('invocations of predict-image', 'lambdaRequest', count),
    line('time of predict-image', 'lambdaGbSecond', gbSeconds(count, durationMs, memoryMb)),
    // `current` is read again every few seconds at most: far fewer reads than predictions.
    line('log', 'logGb', (count * LOG_BYTES_PER_REQUEST) / 1e9),
  ]);
}

/** Uploading pictures and embedding them once. @throws InvalidInputError for a negative or infinite number */
export function estimateEmbedding(count: number, { durationMs, memoryMb }: FunctionUse): CostEstimate {
  assertQuantities({ count, durationMs, memoryMb });
  const batches = Math.ceil(count / PICTURES_PER_BATCH);
  return total([
    line('uploads, and a shard for each batch', 's3Put', count + batches),
    line('reads of the pictures', 's3Get', count),
    // S3 sends one, and the function receives and deletes them in tens.
    line('messages of the queue', 'sqsRequest', count + 2 * Math.ceil(count / MESSAGES_PER_REQUEST)),
    line('invocations of embed-images', 'lambdaRequest', batches),
    line('time of embed-images', 'lambdaGbSecond', gbSeconds(count, durationMs, memoryMb)),
  ]);
}

/** One execution of the training workflow. @throws InvalidInputError for a negative or infinite number */
export function estimateTraining({
  durationMs,
  memoryMb,
  shards,
}: FunctionUse & { readonly shards: number }): CostEstimate {
  assertQuantities({ durationMs, memoryMb, shards });
  return total([
    line('steps of the workflow', 'stateTransition', TRANSITIONS_PER_TRAINING),
    line('time of train-head', 'lambdaGbSecond', gbSeconds(1, durationMs, memoryMb)),
    line('reads of the shards', 's3Get', shards * 3),
  ]);
}

/**
 * Milliseconds of a training on two processors at batch 32, from what was measured (bench/README.md): the two products and Adam grow with the head's
 * parameters, and a small head costs what reading a row costs.
 */
export function trainingDurationMs(size: {
  readonly rows: number;
  readonly epochs: number;
  readonly dimensions: number;
  readonly classes: number;
}): number {
  const { rows, epochs, dimensions, classes } = size;
  return START_MS + rows * epochs * Math.max(MS_PER_ROW, MS_PER_ROW_AND_PARAMETER * dimensions * classes);
}

/** A month of the bucket. @throws InvalidInputError for a negative or infinite number */
export function estimateStorage(sizeBytes: number): CostEstimate {
  assertQuantities({ sizeBytes });
  return total([line('stored objects', 's3GbMonth', sizeBytes / 1e9)]);
}

/** Several estimates as one. */
export function addEstimates(...estimates: readonly CostEstimate[]): CostEstimate {
  return total(estimates.flatMap(({ lines }) => lines));
}

/** Plain lines for a terminal: what, how much of it, dollars; and where the prices are from. */
export function describeCost({ lines, totalUsd }: CostEstimate): string[] {
  const { region, asOf } = PRICE_TABLE;
  return [
    ...lines.map(
      ({ what, quantity, usd }) => `${dollars(usd).padStart(12)}  ${what} (${Number(quantity.toPrecision(6))})`,
    ),
    `${dollars(totalUsd).padStart(12)}  in all, at the list prices of ${region} of ${asOf}, without free allowances`,
  ];
}

function gbSeconds(count: number, durationMs: number, memoryMb: number): number {
  return (count * durationMs * memoryMb) / 1000 / 1024;
}

function line(what: string, price: Price, quantity: number): CostLine {
  return { what, price, quantity, usd: quantity * PRICE_TABLE.usd[price] };
}

function total(lines: readonly CostLine[]): CostEstimate {
  return { lines, totalUsd: lines.reduce((sum, { usd }) => sum + usd, 0) };
}

/** Cents; of less than one, two digits that say something. */
function dollars(usd: number): string {
  const digits = usd === 0 || usd >= 0.01 ? 2 : Math.min(20, 1 - Math.floor(Math.log10(usd)));
  return `$${usd.toFixed(digits)}`;
}

function assertQuantities(quantities: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(quantities)) {
    if (Number.isFinite(value) && value >= 0) continue;
    throw new InvalidInputError(`expected a number of 0 or more for ${name}, received ${value}; correct it`);
  }
}
