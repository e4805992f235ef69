import { Aws, Duration } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnQueuePolicy, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** Below this AWS advises against: a throttled function would put good messages into the dead-letter queue. */
const MAX_RECEIVES = 5;
/** The longest that SQS keeps one: time to read it after a holiday. */
const DEAD_LETTER_DAYS = 14;
/** Messages must stay invisible while a batch waits for its turn and is tried again. */
const VISIBILITY_FACTOR = 6;

export interface PictureQueue {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  readonly policy: CfnQueuePolicy | null;
}

export interface PictureQueueProps {
  readonly queueName: string;
  readonly deadLetterQueueName: string;
  readonly bucketName: string;
  /** Of the function that reads it. */
  readonly functionTimeout: Duration;
}

/** Holds the bucket's events until they are embedded; what fails again and again ends in the dead-letter queue. */
export function addPictureQueue(scope: Construct, props: PictureQueueProps): PictureQueue {
  const deadLetterQueue = new Queue(scope, 'DeadLetterQueue', {
    queueName: props.deadLetterQueueName,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
  });
  const queue = new Queue(scope, 'Queue', {
    queueName: props.queueName,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
    visibilityTimeout: Duration.seconds(props.functionTimeout.toSeconds() * VISIBILITY_FACTOR),
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: MAX_RECEIVES },
  });
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'BucketSendsEvents',
      principals: [new ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: {
        ArnEquals: { 'aws:SourceArn': `arn:${Aws.PARTITION}:s3:::${props.bucketName}` },
        StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
      },
    }),
  );
  const policy = queue.node.tryFindChild('Policy')?.node.defaultChild;
  return { queue, deadLetterQueue, policy: policy instanceof CfnQueuePolicy ? policy : null };
}
