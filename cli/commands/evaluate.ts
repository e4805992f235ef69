import type { Command } from 'commander';
import {
  addJsonFlag,
  addThreadsFlag,
  addWorkspaceFlags,
  type OutputFlags,
  type WorkspaceFlags,
} from '../options/common-options.ts';

export interface EvaluateFlags extends WorkspaceFlags, OutputFlags {
  readonly modelVersion: string;
  readonly report?: string;
  readonly threads?: number;
}

export function addEvaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('measure a trained model on other labelled pictures')
    .description(
      'Measures a saved model on a folder of labelled pictures that it was not trained on. Pictures that were in its training set are left out and counted.',
    )
    .argument('<model>', 'the folder that was trained on, s3://bucket/dataset, or one model folder')
    .argument('<photos>', 'folder with one folder of pictures for each label')
    .option('--model-version <id>', 'version of the model', 'current')
    .option('--report <file>', 'write the HTML report there')
    .addHelpText('after', '\nExamples:\n  headstart evaluate ./photos ./new-photos --report evaluation.html');
  addJsonFlag(addWorkspaceFlags(addThreadsFlag(command))).action(
    async (model: string, photos: string, flags: EvaluateFlags) => {
      const { evaluate } = await import('../actions/evaluate.ts');
      await evaluate(model, photos, flags);
    },
  );
}
