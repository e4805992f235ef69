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

export type EmbedFlags = WorkspaceFlags & OutputFlags & BackboneFlags;

export function addEmbedCommand(program: Command): void {
  const command = program
    .command('embed')
    .summary('turn new pictures into vectors')
    .description('Fills the embedding cache and trains nothing: each picture is computed once, later runs reuse it.')
    .argument(PHOTOS_ARGUMENT, PHOTOS_HELP)
    .addHelpText(
      'after',
      '\nExamples:\n  headstart embed ./photos\n  headstart embed ./photos --backbone resnet50 --threads 2',
    );
  addJsonFlag(addWorkspaceFlags(addBackboneFlags(command))).action(async (photos: string, flags: EmbedFlags) => {
    const { embed } = await import('../actions/embed.ts');
    await embed(photos, flags);
  });
}
