import type { Command } from 'commander';
import { addJsonFlag, type OutputFlags } from '../options/common-options.ts';
import { integerBetween } from '../options/number-option.ts';

export interface UploadFlags extends OutputFlags {
  readonly concurrency: number;
}

export function addUploadCommand(program: Command): void {
  const command = program
    .command('upload')
    .summary('copy a folder of pictures into a bucket')
    .description('Sends what the bucket does not have yet; run it again to go on after an interruption.')
    .argument('<photos>', 'folder with one folder of pictures for each label')
    .argument('<target>', 's3://bucket/dataset')
    .option('--concurrency <n>', 'pictures sent at a time', integerBetween(1, 64), 8)
    .addHelpText('after', '\nExample:\n  headstart upload ./photos s3://bucket/birds');
  addJsonFlag(command).action(async (photos: string, target: string, flags: UploadFlags) => {
    const { upload } = await import('../actions/upload.ts');
    await upload(photos, target, flags);
  });
}
