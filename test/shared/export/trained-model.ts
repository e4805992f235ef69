import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InstalledBackbone, Pooling } from '../../../shared/backbone/backbone.ts';
import { openBackbone } from '../../../shared/backbone/open-backbone.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { ModelRegistry } from '../../../shared/registry/model-registry.ts';
import { openWorkspace, type Workspace } from '../../../shared/workflow/workspace.ts';
import { trainDataset } from '../../../shared/workflow/train-dataset.ts';
import { drawDataset } from '../../support/pictures.ts';

export const LABELS = ['blue', 'green', 'red'] as const;

export interface TrainedModel {
  readonly workspace: Workspace;
  readonly registry: ModelRegistry;
  readonly version: string;
  readonly backbone: InstalledBackbone;
}

/** Draws pictures of three labels in a new folder below `root` and trains on them, as `headstart train` does. */
export async function trainModel(
  root: string,
  backbone: InstalledBackbone,
  pooling: Pooling,
  countOfLabel = 12,
): Promise<TrainedModel> {
  const folder = await mkdtemp(path.join(root, 'photos-'));
  await drawDataset(folder, [...LABELS], countOfLabel);
  const workspace = await openWorkspace(folder);
  const opened = await openBackbone(backbone, { pooling, threads: 1 });
  try {
    const { manifest } = await trainDataset(workspace, opened, {
      hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 20 },
      engine: 'onnx',
      fractions: { train: 0.6, valid: 0.2, test: 0.2 },
      promotion: 'always',
      command: 'headstart train',
    });
    const registry = new ModelRegistry(workspace.state, workspace.dataset);
    return { workspace, registry, version: manifest.version, backbone };
  } finally {
    await opened.close();
  }
}

export async function newRoot(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'headstart-export-'));
}
