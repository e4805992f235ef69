import type { Command } from 'commander';
import {
  addJsonFlag,
  addThreadsFlag,
  addWorkspaceFlags,
  type OutputFlags,
  type WorkspaceFlags,
} from '../options/common-options.ts';
import { integerBetween } from '../options/number-option.ts';

export interface PredictFlags extends WorkspaceFlags, OutputFlags {
  readonly top: number;
  readonly modelVersion: string;
  readonly threads?: number;
}

export function addPredictCommand(program: Command): void {
  const command = program
    .command('predict')
    .summary('classify pictures with the trained model')
    .description('Answers with the most probable labels and calibrated probabilities.')
    .argument('<model>', 'the folder that was trained on, s3://bucket/dataset, or one model folder')
    .argument('<pictures...>', 'files, or folders of pictures')
    .option('--top <n>', 'labels for each picture', integerBetween(1, 1000), 3)
    .option('--model-version <id>', 'version of the model', 'current')
    .addHelpText(
      'after',
      '\nExamples:\n  headstart predict ./photos cat.jpg\n  headstart predict ./photos ./inbox --top 1 --json | jq .predictions',
    );
  addJsonFlag(addWorkspaceFlags(addThreadsFlag(command))).action(
    async (model: string, pictures: string[], flags: PredictFlags) => {
      const { predict } = await import('../actions/predict.ts');
      await predict(model, pictures, flags);
    },
  );
}
