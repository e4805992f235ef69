import type { ModelListEntry, ModelManifest } from '../../shared/registry/model-manifest.ts';
import { ModelRegistry } from '../../shared/registry/model-registry.ts';
import { openWorkspace, type Workspace } from '../../shared/workflow/workspace.ts';
import type { ModelsFlags } from '../commands/models.ts';
import { formatPercent, formatPlural, formatTable } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';

export async function listModels(photos: string, flags: ModelsFlags): Promise<void> {
  const { workspace, registry } = await openRegistry(photos, flags);
  const entries = await registry.list();
  if (flags.json) {
    printJson({ dataset: workspace.dataset, models: entries });
  } else if (entries.length === 0) {
    printLines(`no model yet; run: headstart train ${photos}`);
  } else {
    printLines(formatTable(['', 'version', 'accuracy', '95% interval', 'labels', 'backbone'], entries.map(toRow)));
  }
}

export async function showModel(photos: string, version: string, flags: ModelsFlags): Promise<void> {
  const { registry } = await openRegistry(photos, flags);
  const manifest = await registry.verify(await registry.resolve(version));
  if (flags.json) printJson(manifest);
  else printLines(...describeManifest(manifest));
}

export async function promoteModel(photos: string, version: string, flags: ModelsFlags): Promise<void> {
  const { workspace, registry } = await openRegistry(photos, flags);
  const pointer = await registry.promote(await registry.resolve(version));
  if (flags.json) printJson(pointer);
  else printLines(`current version of ${workspace.dataset}: ${pointer.version}`);
}

export async function rollbackModel(photos: string, flags: ModelsFlags): Promise<void> {
  const { workspace, registry } = await openRegistry(photos, flags);
  const pointer = await registry.rollback();
  if (flags.json) printJson(pointer);
  else printLines(`current version of ${workspace.dataset}: ${pointer.version}`);
}

async function openRegistry(
  photos: string,
  flags: ModelsFlags,
): Promise<{ workspace: Workspace; registry: ModelRegistry }> {
  const workspace = await openWorkspace(photos, flags.store === undefined ? {} : { stateLocation: flags.store });
  return { workspace, registry: new ModelRegistry(workspace.state, workspace.dataset) };
}

function toRow(entry: ModelListEntry): (string | number)[] {
  const mark = entry.isCurrent ? '*' : '';
  if (!('manifest' in entry)) return [mark, entry.version, `damaged: ${entry.damage}`, '', '', ''];
  const { metrics, labels, backbone } = entry.manifest;
  const accuracy = metrics === null ? 'not measured' : formatPercent(metrics.accuracy);
  return [
    mark,
    entry.version,
    accuracy,
    formatInterval(metrics),
    labels.length,
    `${backbone.name} ${backbone.precision}`,
  ];
}

function formatInterval(metrics: ModelManifest['metrics']): string {
  return metrics === null ? '' : `${formatPercent(metrics.accuracyLow)} to ${formatPercent(metrics.accuracyHigh)}`;
}

function describeAccuracy(metrics: ModelManifest['metrics']): string {
  if (metrics === null) return 'not measured: nothing was held out';
  const on = formatPlural(metrics.pictureCount, `${metrics.split} picture`);
  return `${formatPercent(metrics.accuracy)} on ${on} (95% interval ${formatInterval(metrics)})`;
}

function describeManifest(manifest: ModelManifest): string[] {
  const { metrics, backbone, hyperparameters } = manifest;
  return [
    `version     ${manifest.version}`,
    `dataset     ${manifest.dataset}`,
    `created     ${manifest.createdAt}`,
    `labels      ${formatPlural(manifest.labels.length, 'label')}: ${manifest.labels.join(', ')}`,
    `accuracy    ${describeAccuracy(metrics)}`,
    `backbone    ${backbone.id}, pooling ${manifest.pooling}`,
    `training    ${Object.entries(hyperparameters)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    `files       ${manifest.files.map((file) => file.name).join(', ')} (all checked against their SHA-256)`,
  ];
}
