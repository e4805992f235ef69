import type { Command } from 'commander';
import { addJsonFlag, addWorkspaceFlags, type OutputFlags, type WorkspaceFlags } from '../options/common-options.ts';

export type ModelsFlags = WorkspaceFlags & OutputFlags;

const PHOTOS_HELP = 'the folder that was trained on, or s3://bucket/dataset';

/** Loads the actions when one of them runs. */
const load = () => import('../actions/models.ts');

export function addModelsCommands(program: Command): void {
  const models = program
    .command('models')
    .summary('versions of a model: list, show, promote, roll back')
    .description('Every training writes a new, immutable version. One of them is current: it answers predictions.')
    .addHelpText(
      'after',
      '\nExamples:\n  headstart models list ./photos\n  headstart models promote ./photos 20261124T104512Z-3f9a1c\n  headstart models rollback ./photos',
    );
  const add = (name: string, description: string) =>
    addJsonFlag(addWorkspaceFlags(models.command(name).description(description).argument('<photos>', PHOTOS_HELP)));

  add('list', 'versions, newest first').action(async (photos: string, flags: ModelsFlags) => {
    await (await load()).listModels(photos, flags);
  });
  add('show', 'one version: what it was trained on and how good it is')
    .argument('[version]', 'id, its beginning, or "current"', 'current')
    .action(async (photos: string, version: string, flags: ModelsFlags) => {
      await (await load()).showModel(photos, version, flags);
    });
  add('promote', 'make one version the current one')
    .argument('<version>', 'id or its beginning')
    .action(async (photos: string, version: string, flags: ModelsFlags) => {
      await (await load()).promoteModel(photos, version, flags);
    });
  add('rollback', 'make the version that was current before the current one again').action(
    async (photos: string, flags: ModelsFlags) => {
      await (await load()).rollbackModel(photos, flags);
    },
  );
}
