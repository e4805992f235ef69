import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { InstalledBackbone } from '../../../shared/backbone/backbone.ts';
import { chooseBackbone } from '../../../shared/backbone/choose-backbone.ts';
import { HeadstartStack } from '../../../infra/headstart-stack.ts';
import type { TeamSettings } from '../../../infra/team-settings.ts';
import { validateSettings } from '../../../infra/validate-settings.ts';
import { TEST_PLACE } from './test-account.ts';

export { TEST_PLACE };

export interface SynthesisedStack {
  readonly template: Template;
  /** The bundled functions. */
  readonly asset: string;
  readonly backbone: InstalledBackbone;
}

/** Synthesises a team's stack, with the embedded backbone, into a temporary folder. */
export async function synthesiseStack(
  settings: Partial<TeamSettings> = {},
  change: (backbone: InstalledBackbone) => InstalledBackbone = (backbone) => backbone,
): Promise<SynthesisedStack> {
  const backbone = change(await chooseBackbone({ name: 'mobilenet-v2' }));
  const outdir = mkdtempSync(path.join(tmpdir(), 'headstart-synth-'));
  const app = new App({ outdir });
  const stack = new HeadstartStack(app, validateSettings({ ...TEST_PLACE, ...settings }), backbone);
  const template = Template.fromStack(stack);
  app.synth();
  const files = JSON.parse(readFileSync(path.join(outdir, `${stack.stackName}.assets.json`), 'utf8')) as {
    readonly files: Readonly<
      Record<string, { readonly source: { readonly path: string; readonly packaging: string } }>
    >;
  };
  const zipped = Object.values(files.files).find(({ source }) => source.packaging === 'zip');
  return { template, backbone, asset: path.join(outdir, zipped?.source.path ?? '') };
}
