import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadstartStack } from '../../infra/headstart-stack.ts';
import { validateSettings } from '../../infra/validate-settings.ts';
import { chooseBackbone } from '../../shared/backbone/choose-backbone.ts';
import { TEST_PLACE } from '../support/aws/synthesised-stack.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

describe('the CDK app', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'headstart-app-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function runApp(context: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv = {}) {
    const env = { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify(context), ...environment };
    return spawnSync(process.execPath, ['infra/app.ts'], { cwd: ROOT, env, encoding: 'utf8' });
  }

  it('synthesises with the embedded backbone when a fresh machine has no other', () => {
    const { status, stderr } = runApp({ team: 'fresh' }, { HEADSTART_HOME: path.join(folder, 'home') });
    expect(stderr).not.toContain('headstart:');
    expect(status).toBe(0);
    const template = readFileSync(path.join(folder, 'headstart-fresh.template.json'), 'utf8');
    expect(template).toContain('backbones/mobilenet-v2/float32');
  });

  it('fails with one line for each wrong setting', () => {
    const { status, stderr } = runApp({ team: 'Fresh', removal: 'no' });
    expect(status).toBe(1);
    expect(stderr.split('\n').filter((line) => line.startsWith('expected '))).toHaveLength(2);
  });

  it('says what to pull when the backbone is not installed', () => {
    const { status, stderr } = runApp(
      { team: 'fresh', backbone: 'resnet50' },
      { HEADSTART_HOME: path.join(folder, 'home') },
    );
    expect(status).toBe(1);
    expect(stderr).toContain('run: headstart backbone pull resnet50');
  });
});

describe('cdk-nag', () => {
  async function synthesise(change: (stack: HeadstartStack) => void): Promise<void> {
    const app = new App({ outdir: mkdtempSync(path.join(tmpdir(), 'headstart-nag-')) });
    const backbone = await chooseBackbone({ name: 'mobilenet-v2' });
    change(new HeadstartStack(app, validateSettings(TEST_PLACE), backbone));
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
  }

  it('has no finding that is not acknowledged with a reason', async () => {
    await expect(synthesise(() => undefined)).resolves.toBeUndefined();
  });

  it('fails the synthesis when somebody adds a right on everything', async () => {
    const addRight = ({ transferLearning }: HeadstartStack): void => {
      transferLearning.bucket.grantReadWrite(transferLearning.predictImage.function);
    };
    await expect(synthesise(addRight)).rejects.toThrow('AwsSolutions-IAM5');
  });
});
