import { Option, type Command } from 'commander';
import { CLASS_WEIGHTS, HEAD_ENGINES, type HeadEngineName, type HeadHyperparameters } from '../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS as DEFAULTS } from '../../shared/head/hyperparameters.ts';
import { DEFAULT_SWEEP_COUNT } from '../../shared/head/sweep-candidates.ts';
import { PROMOTIONS, type Promotion } from '../../shared/workflow/promotion-rule.ts';
import {
  addBackboneFlags,
  addJsonFlag,
  addWorkspaceFlags,
  PHOTOS_ARGUMENT,
  PHOTOS_HELP,
  type BackboneFlags,
  type OutputFlags,
  type WorkspaceFlags,
} from '../options/common-options.ts';
import { finiteNumber } from '../options/number-option.ts';

export interface TrainFlags extends WorkspaceFlags, OutputFlags, BackboneFlags, HeadHyperparameters {
  readonly engine: HeadEngineName;
  readonly validShare: number;
  readonly testShare: number;
  readonly promote: Promotion;
  /** True without a number. */
  readonly sweep?: number | true;
  readonly here?: true;
}

const EXAMPLES = `
Examples:
  headstart train ./photos
  headstart train ./photos --backbone resnet50 --class-weights auto
  headstart train ./photos --sweep
  headstart train s3://headstart-vision-123456789012-eu-central-1/flowers     (in your account, by the deployed stack)
  headstart train ./photos --pooling flatten --backbone resnet50     (the Keras notebook's own form)
`;

export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .summary('a folder of labelled pictures in, a measured model out')
    .description(
      'Embeds what is new, trains a head, measures it on pictures that it has not seen, writes a report and a new version. Folders are labels; train/, valid/ and test/ folders are respected.',
    )
    .argument(PHOTOS_ARGUMENT, PHOTOS_HELP)
    .addHelpText('after', EXAMPLES);
  addJsonFlag(addWorkspaceFlags(addHeadFlags(addBackboneFlags(command)))).action(
    async (photos: string, flags: TrainFlags) => {
      const { train } = await import('../actions/train.ts');
      const names = command.options.map((option) => option.attributeName() as keyof TrainFlags);
      const given = names.filter((name) => command.getOptionValueSource(name) === 'cli');
      await train(photos, flags, given);
    },
  );
}

function addHeadFlags(command: Command): Command {
  return command
    .addOption(new Option('--engine <name>', 'what trains the head').choices(HEAD_ENGINES).default('onnx'))
    .option('--epochs <n>', 'passes over the training pictures at most', finiteNumber, DEFAULTS.epochs)
    .option(
      '--patience <n>',
      'epochs without a better validation loss; 0: never stop early',
      finiteNumber,
      DEFAULTS.patience,
    )
    .option('--batch-size <n>', 'pictures in one step', finiteNumber, DEFAULTS.batchSize)
    .option('--learning-rate <x>', 'of Adam', finiteNumber, DEFAULTS.learningRate)
    .option('--dropout <x>', 'share of the inputs dropped in training', finiteNumber, DEFAULTS.dropout)
    .option('--l2 <x>', 'factor of the squared kernel in the loss', finiteNumber, DEFAULTS.l2)
    .addOption(
      new Option('--class-weights <kind>', 'auto: rare labels count more')
        .choices(CLASS_WEIGHTS)
        .default(DEFAULTS.classWeights),
    )
    .option(
      '--sweep [n]',
      `try ${DEFAULT_SWEEP_COUNT} (or n) settings of learning rate, dropout, L2 and class weights, the given ones first; keep the one with the lowest validation loss`,
      finiteNumber,
    )
    .option('--seed <n>', 'of the split, the kernel, the order and the dropout', finiteNumber, DEFAULTS.seed)
    .option('--valid-share <x>', 'of the pictures, where there is no valid/ folder', finiteNumber, 0.15)
    .option('--test-share <x>', 'of the pictures, where there is no test/ folder', finiteNumber, 0.15)
    .addOption(
      new Option('--promote <when>', 'gate: serve the new version unless it is worse than the current one')
        .choices(PROMOTIONS)
        .default('gate'),
    )
    .option('--here', "with s3://: train on this computer with the bucket's vectors, not in the account");
}
