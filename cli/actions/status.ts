import { datasetStatus } from '../../shared/workflow/dataset-status.ts';
import type { StatusFlags } from '../commands/status.ts';
import { backboneFromFlags, workspaceFromFlags } from '../options/open-from-flags.ts';
import { formatPlural } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';

export async function status(photos: string, flags: StatusFlags): Promise<void> {
  const workspace = await workspaceFromFlags(photos, flags);
  const installed = await backboneFromFlags(flags);
  const found = await datasetStatus(workspace, installed, flags.pooling);
  if (flags.json) {
    printJson({ ...found, backbone: installed.id });
    return;
  }
  printLines(
    `${formatPlural(found.pictures, 'picture')} of ${formatPlural(found.labels, 'label')} in ${found.dataset}`,
    `embedded  ${found.embedded} (${installed.id})`,
    `waiting   ${found.waiting}`,
    `refused   ${found.rejected}`,
    `current   ${found.currentVersion ?? 'no model yet'}`,
  );
}
