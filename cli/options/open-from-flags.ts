import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';
import { PREFERRED_BACKBONE } from '../../shared/backbone/backbone-registry.ts';
import { chooseBackbone } from '../../shared/backbone/choose-backbone.ts';
import { openWorkspace, type OpenWorkspaceOptions, type Workspace } from '../../shared/workflow/workspace.ts';
import type { BackboneFlags, WorkspaceFlags } from './common-options.ts';
import { note } from '../terminal/output.ts';

export function workspaceOptions({ store }: WorkspaceFlags): OpenWorkspaceOptions {
  return store === undefined ? {} : { stateLocation: store };
}

export async function workspaceFromFlags(photos: string, flags: WorkspaceFlags): Promise<Workspace> {
  return openWorkspace(photos, workspaceOptions(flags));
}

/** The backbone that the flags ask for; one line says how to get the better one where the embedded one is used by default. */
export async function backboneFromFlags({ backbone, precision }: BackboneFlags): Promise<InstalledBackbone> {
  const installed = await chooseBackbone({
    ...(backbone !== undefined && { name: backbone }),
    ...(precision !== undefined && { precision }),
  });
  if (backbone === undefined && installed.name !== PREFERRED_BACKBONE) {
    note(
      `backbone: ${installed.name}, which came with the installation; more accurate on photographs: ` +
        `headstart backbone pull ${PREFERRED_BACKBONE}`,
    );
  }
  return installed;
}

export function threadOptions({ threads }: { readonly threads?: number }): { readonly threads?: number } {
  return threads === undefined ? {} : { threads };
}
