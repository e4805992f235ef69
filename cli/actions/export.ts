import path from 'node:path';
import { exportModel } from '../../shared/export/export-model.ts';
import { backboneOfModel } from '../../shared/workflow/backbone-of-model.ts';
import { openModelSource } from '../../shared/workflow/model-source.ts';
import type { ExportFlags } from '../commands/export.ts';
import { threadOptions, workspaceOptions } from '../options/open-from-flags.ts';
import { describeGolden } from '../terminal/describe-bundle.ts';
import { printJson, printLines } from '../terminal/output.ts';

export async function exportBundle(model: string, flags: ExportFlags): Promise<void> {
  const { registry, version, pictures } = await openModelSource(model, flags.modelVersion, workspaceOptions(flags));
  const resolved = await registry.resolve(version);
  const backbone = await backboneOfModel(await registry.readManifest(resolved));
  const folder = path.resolve(flags.out);
  const bundle = await exportModel({
    registry,
    version: resolved,
    backbone,
    folder,
    ...(pictures !== null && { pictures }),
    ...threadOptions(flags),
  });
  if (flags.json) printJson({ folder, ...bundle });
  else {
    printLines(
      `exported ${resolved} (${bundle.facts.labels.length} labels, backbone ${backbone.id})`,
      `golden   ${describeGolden(bundle)}`,
      `bundle   ${folder}`,
    );
  }
}
