import { setTimeout as sleep } from 'node:timers/promises';
import { deploymentNames, type DeploymentPlace } from '../../shared/deployment/deployment-names.ts';
import { CancelledError, HeadstartError, InvalidInputError } from '../../shared/errors.ts';
import { HYPERPARAMETER_CONSTRAINTS, parseHyperparameters } from '../../shared/head/hyperparameters.ts';
import type { ModelManifest } from '../../shared/registry/model-manifest.ts';
import { ModelRegistry } from '../../shared/registry/model-registry.ts';
import { parseS3Location } from '../../shared/storage/s3-location.ts';
import { openStore } from '../../shared/storage/open-store.ts';
import { assertDatasetName } from '../../shared/workflow/bucket-workspace.ts';
import type { Evaluation } from '../../shared/evaluation/evaluation.ts';
import { METRICS_FILE_NAME } from '../../shared/workflow/model-files.ts';
import { Workflow } from '../aws/workflow.ts';
import { describeVersion } from '../terminal/describe-version.ts';
import { interruptSignal } from '../interrupt.ts';
import { note, printJson, printLines } from '../terminal/output.ts';

/** Flags of `train` that go with the execution: names of TrainFlags. */
const PASSED_ON = new Set([...Object.keys(HYPERPARAMETER_CONSTRAINTS), 'classWeights']);
/** Those that only say how this command talks. */
const OWN = new Set(['json', 'here']);
const POLL_MS = 3000;

/** What a person reads while the execution is in a state of infra/parts/training-workflow.ts. */
const STATES: Readonly<Record<string, string>> = {
  CountPictures: 'waiting until every uploaded picture has its vector',
  IsDrained: 'waiting until every uploaded picture has its vector',
  WaitForPictures: 'waiting until every uploaded picture has its vector',
  Compact: 'merging small shards',
  Train: 'training',
  Evaluate: 'comparing with the version that is served',
  Promote: 'promoting',
};

export interface AccountTraining {
  /** As typed: `s3://bucket/dataset`. */
  readonly target: string;
  readonly place: DeploymentPlace;
  /** Flags that were typed, with their values. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly json: boolean;
}

/**
 * Starts the training workflow of a team's stack and follows it to its end.
 *
 * @throws InvalidInputError for flags that the workflow does not take; NotFoundError without a stack; HeadstartError `training_failed`; CancelledError
 *   when the user stops watching, which does not stop the training
 */
export async function trainInAccount({ target, place, given, json }: AccountTraining): Promise<void> {
  const { bucket, prefix: dataset } = parseS3Location(target);
  assertDatasetName(dataset);
  const hyperparameters = hyperparametersOf(given, target);
  const workflow = new Workflow(place, deploymentNames(place).trainStateMachine);
  try {
    const executionArn = await workflow.start({ dataset, hyperparameters }, trainHere(target));
    note(`training in account ${place.account}, ${place.region}; Ctrl-C stops watching, not the training`);
    const output = await follow(workflow, executionArn, target);
    const version = versionOf(output);
    const registry = new ModelRegistry(await openStore(`s3://${bucket}`), dataset);
    const manifest = await registry.readManifest(version);
    const evaluation = manifest.metrics === null ? null : await readEvaluation(registry, version);
    const folder = `s3://${bucket}/models/${dataset}/${version}`;
    report({ manifest, evaluation, output: output as TrainingOutput, executionArn, target, folder, json });
  } finally {
    workflow.close();
  }
}

function hyperparametersOf(given: Readonly<Record<string, unknown>>, target: string): Record<string, unknown> {
  const unknown = Object.keys(given).filter((name) => !PASSED_ON.has(name) && !OWN.has(name));
  if (unknown.length > 0) {
    const flags = unknown.map((name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    throw new InvalidInputError(
      `expected flags that the stack's training takes (hyper-parameters), received ${flags.join(', ')}; leave them out, ` +
        `or ${trainHere(target)} ...`,
      { code: 'invalid_flag' },
    );
  }
  const hyperparameters = Object.fromEntries(Object.entries(given).filter(([name]) => PASSED_ON.has(name)));
  // Told now, not by a failed execution.
  parseHyperparameters(hyperparameters);
  return hyperparameters;
}

function trainHere(target: string): string {
  return `train on this computer with the bucket's vectors: headstart train ${target} --here`;
}

async function follow(workflow: Workflow, executionArn: string, target: string): Promise<unknown> {
  // Nothing is in progress here that would have to be stored.
  const signal = interruptSignal('no longer watching');
  let told = '';
  for (;;) {
    const status = await workflow.status(executionArn);
    if (status.kind === 'done') return status.output;
    if (status.kind === 'failed') throw trainingFailed(executionArn, status);
    const doing = STATES[status.state ?? ''] ?? told;
    if (doing !== told) note(doing);
    told = doing;
    await sleep(POLL_MS, undefined, { signal }).catch(() => {
      throw new CancelledError(
        `stopped watching; the training goes on. Look at it: aws stepfunctions describe-execution --execution-arn ${executionArn}, ` +
          `and at its version: headstart models list ${target}`,
      );
    });
  }
}

function trainingFailed(
  executionArn: string,
  { status, error, cause }: { readonly status: string; readonly error: string; readonly cause: string },
): HeadstartError {
  const reason = messageOfLambda(cause) ?? ([error, cause].filter(Boolean).join(': ') || status.toLowerCase());
  return new HeadstartError(
    'training_failed',
    `the training ended without a version (${status}): ${reason}; see docs/operations.md, "training-failed", and the execution ${executionArn}`,
  );
}

/** Step Functions hands over what the function threw as JSON. */
function messageOfLambda(cause: string): string | null {
  try {
    const { errorMessage } = JSON.parse(cause) as { readonly errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : null;
  } catch {
    return null;
  }
}

/** Of Promote `{version, promotedAt}`, or of the gate that kept the current one `{version, isPromotable, reason}`. */
interface TrainingOutput {
  readonly version: string;
  readonly promotedAt?: string;
  readonly reason?: string;
}

function versionOf(output: unknown): string {
  const { version } = (output ?? {}) as Partial<TrainingOutput>;
  if (typeof version === 'string') return version;
  throw new HeadstartError(
    'training_failed',
    `expected the version that was trained, the execution answered ${JSON.stringify(output)}; deploy the stack again: npx cdk deploy`,
  );
}

async function readEvaluation(registry: ModelRegistry, version: string): Promise<Evaluation> {
  return JSON.parse(new TextDecoder().decode(await registry.readFile(version, METRICS_FILE_NAME))) as Evaluation;
}

interface Finished {
  readonly manifest: ModelManifest;
  readonly evaluation: Evaluation | null;
  readonly output: TrainingOutput;
  readonly executionArn: string;
  readonly target: string;
  readonly folder: string;
  readonly json: boolean;
}

function report({ manifest, evaluation, output, executionArn, target, folder, json }: Finished): void {
  const { version, dataset, labels, metrics, hyperparameters } = manifest;
  const isPromoted = output.promotedAt !== undefined;
  const reason = output.reason ?? 'it passed the gate';
  if (json) {
    const promotion = { isPromoted, reason };
    printJson({ version, dataset, labels, metrics, promotion, hyperparameters, executionArn, modelFolder: folder });
    return;
  }
  const outcome = `${isPromoted ? 'served' : 'not served'}: ${reason}`;
  printLines(
    ...describeVersion({ version, outcome, evaluation, folder, askCommand: `headstart predict ${target} <picture>` }),
  );
}
