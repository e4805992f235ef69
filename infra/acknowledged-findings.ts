import { Stack, Token, Validations, type CfnElement } from 'aws-cdk-lib';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IConstruct } from 'constructs';
import { PREFIXES } from './parts/dataset-bucket.ts';
import type { TransferLearning } from './transfer-learning.ts';

/** Each finding of cdk-nag that stays, with the reason. What is not named here fails `cdk synth`. */
export function acknowledgeFindings(all: TransferLearning): void {
  acknowledge(
    all.bucket,
    'S1',
    'server access logs are best-effort and would cost a second bucket; a team that must audit reads turns on CloudTrail data events for its account',
  );
  acknowledgePrefixes(all);
  acknowledgeStateMachine(all.training, all.trainHead.function.node.defaultChild as CfnFunction);
  acknowledgeStateMachine(all.backfill, all.embedImages.function.node.defaultChild as CfnFunction);
  acknowledgeMapRuns(all);
}

function acknowledge(construct: IConstruct, rule: string, reason: string, finding?: string): void {
  const id = `AwsSolutions-${rule}${finding === undefined ? '' : `[${finding}]`}`;
  Validations.of(construct).acknowledge({ id, reason });
}

function acknowledgePrefixes(all: TransferLearning): void {
  const bucketId = logicalId(all.bucket.node.defaultChild as CfnBucket);
  const { datasets, features, rejects, models, uploads, checkpoints } = PREFIXES;
  const used = [
    [all.embedImages, [datasets, features, rejects]],
    [all.trainHead, [datasets, features, models, checkpoints, rejects]],
    [all.predictImage, [models, uploads]],
  ] as const;
  for (const [one, prefixes] of used) {
    for (const prefix of prefixes) {
      const reason = `the objects below ${prefix} are named by users and by content; the right is for one action and this prefix of one bucket`;
      acknowledge(one, 'IAM5', reason, `Resource::<${bucketId}.Arn>/${prefix}*`);
    }
  }
}

function acknowledgeStateMachine(workflow: IConstruct, invoked: CfnFunction): void {
  acknowledge(
    workflow,
    'IAM5',
    'the log delivery and tracing actions of Step Functions take no resource',
    'Resource::*',
  );
  acknowledge(workflow, 'IAM5', 'the versions of one function', `Resource::<${logicalId(invoked)}.Arn>:*`);
}

/** The executions of a Distributed Map get their names when they start. */
function acknowledgeMapRuns({ backfill }: TransferLearning): void {
  const { region, account } = Stack.of(backfill);
  const id = logicalId(backfill.stateMachine.node.defaultChild as CfnStateMachine);
  const place = `${written(region, 'AWS::Region')}:${written(account, 'AWS::AccountId')}`;
  const name = `{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"${id}"}]}]}`;
  for (const ending of [':*', '/*:*']) {
    const finding = `Resource::arn:<AWS::Partition>:states:${place}:execution:${name}${ending}`;
    acknowledge(backfill, 'IAM5', 'the executions of this state machine only, named when they start', finding);
  }
}

function logicalId(element: CfnElement): string {
  return Stack.of(element).getLogicalId(element);
}

function written(value: string, parameter: string): string {
  return Token.isUnresolved(value) ? `<${parameter}>` : value;
}
