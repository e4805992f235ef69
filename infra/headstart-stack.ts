import { Stack, type App } from 'aws-cdk-lib';
import type { InstalledBackbone } from '../shared/backbone/backbone.ts';
import { acknowledgeFindings } from './acknowledged-findings.ts';
import type { ResolvedSettings } from './team-settings.ts';
import { TransferLearning } from './transfer-learning.ts';

/** One team's stack. Several may live in one account: every name has the team's in it. */
export class HeadstartStack extends Stack {
  readonly transferLearning: TransferLearning;

  constructor(app: App, settings: ResolvedSettings, backbone: InstalledBackbone) {
    const { team, account, region } = settings;
    super(app, `headstart-${team}`, {
      description: 'Headstart: serverless transfer learning for image classification',
      env: { ...(account !== undefined && { account }), ...(region !== undefined && { region }) },
    });
    this.transferLearning = new TransferLearning(this, 'TransferLearning', { settings, backbone });
    acknowledgeFindings(this.transferLearning);
  }
}
