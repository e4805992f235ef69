import { ulid } from 'ulid';
import { POOLINGS } from '../../shared/backbone/backbone.ts';
import { dimensionsOf } from '../../shared/backbone/open-backbone.ts';
import { CancelledError, HeadstartError, InvalidInputError, NotFoundError } from '../../shared/errors.ts';
import { featureLocationOf } from '../../shared/features/feature-location.ts';
import { FeatureStore } from '../../shared/features/feature-store.ts';
import { parseHyperparameters } from '../../shared/head/hyperparameters.ts';
import {
  parseTrainingCheckpoint,
  TrainingPausedError,
  trainingCheckpointBytes,
  type TrainingCheckpoint,
} from '../../shared/head/training-checkpoint.ts';
import { DEFAULT_SPLIT_FRACTIONS } from '../../shared/dataset/split-plan.ts';
import { ModelRegistry } from '../../shared/registry/model-registry.ts';
import { choiceVariable, textVariable } from '../../shared/service/environment.ts';
import { functionFacts } from '../../shared/service/function-backbone.ts';
import { errorFields, log } from '../../shared/service/log.ts';
import { memoise } from '../../shared/service/memoise.ts';
import { openBucket } from '../../shared/storage/s3-open-bucket.ts';
import { bucketWorkspace } from '../../shared/workflow/bucket-workspace.ts';
import { judgeVersion } from '../../shared/workflow/judge-version.ts';
import { trainFromFeatures } from '../../shared/workflow/train-from-features.ts';
import type { Workspace } from '../../shared/workflow/workspace.ts';
import { parseStep, type TrainStep } from './parse-step.ts';

const store = openBucket(textVariable('HEADSTART_BUCKET'));

/** Facts only: training needs vectors, no backbone. */
const backbone = memoise(async () => {
  const installed = await functionFacts({
    root: textVariable('LAMBDA_TASK_ROOT'),
    folder: textVariable('HEADSTART_BACKBONE'),
  });
  const pooling = choiceVariable('HEADSTART_POOLING', POOLINGS, 'avg');
  return { installed, pooling, dimensions: dimensionsOf(installed, pooling) };
});

/** For the measurement or the checkpoint to be stored before Lambda stops the function; two more epochs must fit before it. */
const RESERVE_MS = 90_000;
/**
 * For the function to say itself that an epoch did not end in time; Lambda's own stop names no reason. The engine looks at the signal between blocks
 * and may see it two late: a block of 256 MB takes 10 ms for each label on two processors, so this is enough for 3,000 labels.
 */
const STOP_MS = 60_000;

export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/** Does one step of the training workflow (infra/parts/training-workflow.ts). */
export async function handler(event: unknown, context: InvocationContext): Promise<unknown> {
  const startMs = performance.now();
  try {
    const step = parseStep(event);
    const result = await run(step, context);
    log('info', 'step done', {
      step: step.step,
      dataset: step.dataset,
      durationMs: Math.round(performance.now() - startMs),
    });
    return result;
  } catch (error) {
    log('error', 'step failed', errorFields(error));
    throw error;
  }
}

async function run(step: TrainStep, context: InvocationContext): Promise<unknown> {
  const workspace = bucketWorkspace(store, step.dataset);
  const registry = new ModelRegistry(store, step.dataset);
  switch (step.step) {
    case 'compact':
      return new FeatureStore(store, featureLocationOf(step.dataset, await backbone())).compact();
    case 'train':
      return train(workspace, step, context);
    case 'evaluate': {
      const { isPromoted: isPromotable, reason, expected } = await judgeVersion(workspace, registry, step.version);
      log('info', 'version judged', { dataset: step.dataset, version: step.version, isPromotable, reason });
      return { version: step.version, isPromotable, reason, expected };
    }
    case 'promote': {
      const { version, promotedAt } = await registry.promote(step.version, { expected: step.expected });
      return { version, promotedAt };
    }
  }
}

type TrainRequest = Extract<TrainStep, { step: 'train' }>;

/**
 * Publishes a version, or stores a checkpoint when the time of this invocation runs out.
 *
 * @throws HeadstartError `epoch_too_long` when an epoch does not end within the invocation: the next one would not get further
 */
async function train(workspace: Workspace, step: TrainRequest, context: InvocationContext): Promise<unknown> {
  const stop = new AbortController();
  const invocationMs = context.getRemainingTimeInMillis();
  const timer = setTimeout(() => {
    stop.abort();
  }, invocationMs - STOP_MS);
  try {
    return await trainUntil(workspace, step, { context, stop: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted || !isCancellation(error)) throw error;
    throw new HeadstartError(
      'epoch_too_long',
      `expected an epoch of "${workspace.dataset}" to end within an invocation of ${Math.round(invocationMs / 1000)} s, it did not; ` +
        `raise trainMemoryMb, or train on a computer of your own: headstart train ${workspace.location} --here`,
      { cause: error },
    );
  } finally {
    // Lambda freezes the process: the timer would fire into the next invocation.
    clearTimeout(timer);
  }
}

/** Of the training itself, or of the AWS SDK and Node while vectors are read. */
function isCancellation(error: unknown): boolean {
  return error instanceof CancelledError || (error instanceof Error && error.name === 'AbortError');
}

interface TrainLimits {
  readonly context: InvocationContext;
  readonly stop: AbortSignal;
}

async function trainUntil(workspace: Workspace, step: TrainRequest, { context, stop }: TrainLimits): Promise<unknown> {
  const pause = new AbortController();
  const given = step.checkpoint ?? null;
  try {
    const resumeFrom = given === null ? null : await readCheckpoint(workspace, given);
    const { manifest } = await trainFromFeatures(workspace, await backbone(), {
      hyperparameters: parseHyperparameters(step.hyperparameters),
      engine: 'onnx',
      fractions: DEFAULT_SPLIT_FRACTIONS,
      promotion: 'never',
      command: `headstart train ${workspace.location}`,
      signal: stop,
      pause: pause.signal,
      ...(resumeFrom && { resumeFrom }),
      onEpoch: ({ durationMs }) => {
        if (context.getRemainingTimeInMillis() < RESERVE_MS + 2 * durationMs) pause.abort();
      },
    });
    if (given !== null) await store.delete(given);
    return { status: 'trained', version: manifest.version, metrics: manifest.metrics, checkpoint: null };
  } catch (error) {
    if (!(error instanceof TrainingPausedError)) throw error;
    const checkpoint = await writeCheckpoint(workspace, error.checkpoint);
    if (given !== null) await store.delete(given);
    log('info', 'training paused', { dataset: workspace.dataset, epochs: error.checkpoint.history.length, checkpoint });
    return { status: 'paused', checkpoint };
  }
}

async function writeCheckpoint({ dataset }: Workspace, checkpoint: TrainingCheckpoint): Promise<string> {
  const key = `checkpoints/${dataset}/${ulid()}.bin`;
  await store.put(key, trainingCheckpointBytes(checkpoint));
  return key;
}

async function readCheckpoint({ dataset }: Workspace, key: string): Promise<TrainingCheckpoint> {
  if (!key.startsWith(`checkpoints/${dataset}/`)) {
    throw new InvalidInputError(`expected a checkpoint of the dataset "${dataset}", received ${JSON.stringify(key)}`);
  }
  const stored = await store.get(key);
  if (stored !== null) return parseTrainingCheckpoint(stored.bytes);
  throw new NotFoundError(`expected the checkpoint ${key}, found none; it is kept for 7 days, train from the start`);
}
