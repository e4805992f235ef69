import type { Command } from 'commander';
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

export type StatusFlags = WorkspaceFlags & OutputFlags & BackboneFlags;

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .summary('how many pictures are embedded, waiting and refused')
    .description(
      'Counts the pictures of a dataset, their vectors and the refused ones, and names the version that is served.',
    )
    .argument(PHOTOS_ARGUMENT, PHOTOS_HELP)
    .addHelpText('after', '\nExamples:\n  headstart status ./photos\n  headstart status s3://bucket/birds --json');
  addJsonFlag(addWorkspaceFlags(addBackboneFlags(command))).action(async (photos: string, flags: StatusFlags) => {
    const { status } = await import('../actions/status.ts');
    await status(photos, flags);
  });
}
