import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { messageOf } from '../shared/errors.ts';
import { chooseTeamBackbone } from './choose-team-backbone.ts';
import { HeadstartStack } from './headstart-stack.ts';
import { settingsFromContext } from './settings-from-context.ts';
import { validateSettings } from './validate-settings.ts';

/** What `cdk synth` and `cdk deploy` run. */
async function synthesise(): Promise<void> {
  const app = new App();
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  const settings = validateSettings({
    team: 'demo',
    ...(account !== undefined && account !== '' && { account }),
    ...(region !== undefined && region !== '' && { region }),
    ...settingsFromContext((name) => app.node.tryGetContext(name) as unknown),
  });
  const backbone = await chooseTeamBackbone(settings);
  new HeadstartStack(app, settings, backbone);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

try {
  await synthesise();
} catch (error) {
  process.stderr.write(`headstart: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
