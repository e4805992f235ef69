import type { Command } from 'commander';
import {
  addJsonFlag,
  addThreadsFlag,
  addWorkspaceFlags,
  type OutputFlags,
  type WorkspaceFlags,
} from '../options/common-options.ts';

export interface ExportFlags extends WorkspaceFlags, OutputFlags {
  readonly out: string;
  readonly modelVersion: string;
  readonly threads?: number;
}

export function addExportCommand(program: Command): void {
  const command = program
    .command('export')
    .summary('write a model as files that other programs can use')
    .description(
      'Writes a folder with one ONNX file of backbone, head and softmax (how to prepare a picture is in its metadata), the head alone as ' +
        'safetensors and for TensorFlow.js, the labels, and golden pictures with the probabilities that the model must give. ' +
        'Golden pictures are copies of held-out pictures of yours; with a model folder alone they are drawn.',
    )
    .argument('<model>', 'the folder that was trained on, s3://bucket/dataset, or one model folder')
    .requiredOption('--out <folder>', 'to write to: new, empty, or an earlier export, which is replaced')
    .option('--model-version <id>', 'version of the model', 'current')
    .addHelpText(
      'after',
      '\nExamples:\n  headstart export ./photos --out ./flowers-model\n  headstart verify ./flowers-model',
    );
  addJsonFlag(addWorkspaceFlags(addThreadsFlag(command))).action(async (model: string, flags: ExportFlags) => {
    const { exportBundle } = await import('../actions/export.ts');
    await exportBundle(model, flags);
  });
}
