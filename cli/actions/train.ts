import { openBackboneLazily } from '../../shared/backbone/open-backbone.ts';
import { DEFAULT_SPLIT_FRACTIONS, type SplitFractions } from '../../shared/dataset/split-plan.ts';
import { deploymentOfBucket, type DeploymentPlace } from '../../shared/deployment/deployment-names.ts';
import { isS3Location, parseS3Location } from '../../shared/storage/s3-location.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import { parseHyperparameters } from '../../shared/head/hyperparameters.ts';
import { DEFAULT_SWEEP_COUNT } from '../../shared/head/sweep-candidates.ts';
import type { SweepProgress } from '../../shared/head/sweep-heads.ts';
import { trainDataset } from '../../shared/workflow/train-dataset.ts';
import type { TrainingOutcome, TrainOptions } from '../../shared/workflow/train-embedded.ts';
import type { Workspace } from '../../shared/workflow/workspace.ts';
import type { TrainFlags } from '../commands/train.ts';
import { interruptSignal } from '../interrupt.ts';
import { backboneFromFlags, threadOptions, workspaceFromFlags } from '../options/open-from-flags.ts';
import { describeSweep, SweepProgressBar } from '../terminal/sweep-lines.ts';
import { describeSkipped } from '../terminal/describe-skipped.ts';
import { describeVersion } from '../terminal/describe-version.ts';
import { EmbedProgressBar } from '../terminal/embed-progress.ts';
import { TrainingProgressBar } from '../terminal/epoch-lines.ts';
import { formatPlural } from '../terminal/format.ts';
import { note, printJson, printLines } from '../terminal/output.ts';
import { quoteWord } from '../terminal/quote-word.ts';

/** What `train` did, for callers that go on with it. */
export interface TrainedFolder {
  readonly workspace: Workspace;
  readonly result: TrainingOutcome;
  /** Absolute path of the version's folder, or its place in a bucket. */
  readonly modelFolder: string;
}

/** @param given names of the flags that were typed */
export async function train(
  photos: string,
  flags: TrainFlags,
  given: readonly (keyof TrainFlags)[] = [],
): Promise<void> {
  const place = placeOf(photos);
  if (place !== null && flags.here !== true) {
    const { trainInAccount } = await import('./train-in-account.ts');
    const typed = Object.fromEntries(given.map((name) => [name, flags[name]]));
    await trainInAccount({ target: photos, place, given: typed, json: flags.json === true });
    return;
  }
  if (flags.here === true && place === null) {
    throw new InvalidInputError(
      `expected the bucket of a deployed stack with --here, received "${photos}", which is always trained on this computer; leave --here out`,
      { code: 'invalid_flag' },
    );
  }
  const { workspace, result, modelFolder } = await trainFolder(photos, flags);
  const { manifest, measurement, promotion, training, trials } = result;
  if (flags.json) {
    const { version, metrics, labels, backbone, hyperparameters } = manifest;
    printJson({
      version,
      dataset: workspace.dataset,
      labels,
      metrics,
      promotion,
      bestEpoch: training.bestEpoch,
      hyperparameters,
      ...(trials !== null && { sweep: trials }),
      backbone,
      modelFolder,
    });
    return;
  }
  printLines(
    ...(trials === null ? [] : [...describeSweep(trials), '']),
    ...describeVersion({
      version: manifest.version,
      outcome: promotion.reason,
      evaluation: measurement.evaluation,
      folder: modelFolder,
      askCommand: `headstart predict ${quoteWord(photos)} <picture>${flags.store === undefined ? '' : ` --store ${quoteWord(flags.store)}`}`,
    }),
  );
}

/** The stack whose bucket this is; null for a folder, and for a bucket that no stack made. */
function placeOf(photos: string): DeploymentPlace | null {
  return isS3Location(photos) ? deploymentOfBucket(parseS3Location(photos).bucket) : null;
}

/** Trains with progress on standard error; what was found in the folder is told there too. */
export async function trainFolder(photos: string, flags: TrainFlags): Promise<TrainedFolder> {
  const hyperparameters = hyperparametersOf(flags);
  const fractions = fractionsOf(flags);
  const workspace = await workspaceFromFlags(photos, flags);
  const installed = await backboneFromFlags(flags);
  const backbone = openBackboneLazily(installed, { pooling: flags.pooling, ...threadOptions(flags) });
  const embedBar = new EmbedProgressBar();
  let trainBar = new TrainingProgressBar(hyperparameters.epochs);
  const sweepBar = new SweepProgressBar();
  try {
    const result = await trainDataset(workspace, backbone, {
      hyperparameters,
      fractions,
      ...sweepOptions(flags, (progress) => {
        sweepBar.update(progress);
      }),
      engine: flags.engine,
      promotion: flags.promote,
      command: commandLine(photos, flags),
      signal: interruptSignal(),
      onEmbedProgress: embedBar.update,
      onEmbedded: ({ listing, index, report, skipped }) => {
        embedBar.finish(report);
        for (const warning of [...listing.warnings, ...index.warnings]) note(`warning: ${warning}`);
        for (const line of describeSkipped(skipped)) note(line);
        trainBar = new TrainingProgressBar(hyperparameters.epochs);
      },
      onEpoch: (epoch) => {
        trainBar.update(epoch);
      },
    });
    trainBar.clear();
    sweepBar.clear();
    noteSplit(result);
    trainBar.finish(result.training.history, result.training.bestEpoch);
    const modelFolder = `${workspace.state.location}/models/${workspace.dataset}/${result.manifest.version}`;
    return { workspace, result, modelFolder };
  } finally {
    embedBar.clear();
    trainBar.clear();
    sweepBar.clear();
    await backbone.close();
  }
}

function hyperparametersOf({ epochs, batchSize, learningRate, dropout, l2, classWeights, seed, patience }: TrainFlags) {
  return parseHyperparameters({ epochs, batchSize, learningRate, dropout, l2, classWeights, seed, patience });
}

function sweepOptions(
  { sweep }: TrainFlags,
  onSweep: (progress: SweepProgress) => void,
): Pick<TrainOptions, 'sweepCount' | 'onSweep'> {
  return sweep === undefined ? {} : { sweepCount: sweep === true ? DEFAULT_SWEEP_COUNT : sweep, onSweep };
}

function fractionsOf({ validShare, testShare }: TrainFlags): SplitFractions {
  const train = 1 - validShare - testShare;
  if (validShare >= 0 && testShare >= 0 && train > 0) {
    const isDefault = validShare === DEFAULT_SPLIT_FRACTIONS.valid && testShare === DEFAULT_SPLIT_FRACTIONS.test;
    return isDefault ? DEFAULT_SPLIT_FRACTIONS : { train, valid: validShare, test: testShare };
  }
  throw new InvalidInputError(
    `expected shares in [0, 1) that leave something to train on, received --valid-share ${validShare} and --test-share ${testShare}`,
  );
}

function noteSplit({ plan }: TrainingOutcome): void {
  const total = (split: 'train' | 'valid' | 'test') => plan.counts.reduce((sum, count) => sum + count[split], 0);
  const labels = formatPlural(plan.counts.length, 'label');
  note(
    `split ${labels}: ${total('train')} pictures to train on, ${total('valid')} to validate, ${total('test')} to test`,
  );
  for (const warning of plan.warnings) note(`warning: ${warning}`);
}

/** The whole command, so that the report says how to get the same bytes again. */
function commandLine(photos: string, flags: TrainFlags): string {
  const given = Object.entries(flags).filter(
    ([name, value]) => name !== 'json' && name !== 'store' && value !== undefined,
  );
  const words = given.map(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? flag : `${flag} ${String(value)}`;
  });
  return ['headstart train', quoteWord(photos), ...words].join(' ');
}
