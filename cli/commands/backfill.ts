import type { Command } from 'commander';
import { addJsonFlag, type OutputFlags } from '../options/common-options.ts';

export function addBackfillCommand(program: Command): void {
  const command = program
    .command('backfill')
    .summary("embed what was in a team's bucket before its stack")
    .description(
      "Starts the stack's own backfill, which lists the dataset and embeds it in batches of 200, and returns at once.",
    )
    .argument('<target>', "s3://bucket/dataset, with the bucket of a team's stack")
    .addHelpText('after', '\nExample:\n  headstart backfill s3://headstart-vision-123456789012-eu-central-1/birds');
  addJsonFlag(command).action(async (target: string, flags: OutputFlags) => {
    const { backfill } = await import('../actions/backfill.ts');
    await backfill(target, flags);
  });
}
