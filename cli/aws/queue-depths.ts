import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { deploymentNames, type DeploymentPlace } from '../../shared/deployment/deployment-names.ts';

/** Messages, as SQS counts them: approximately. One tells of one or a few pictures, of any dataset. */
export interface QueueDepths {
  readonly waiting: number;
  /** With the function now. */
  readonly inFlight: number;
  /** Given up after five tries. */
  readonly deadLetters: number;
}

/** @throws what SQS says, for want of rights for instance */
export async function queueDepths(place: DeploymentPlace): Promise<QueueDepths> {
  const { queue, deadLetterQueue } = deploymentNames(place);
  const client = new SQSClient({ region: place.region });
  try {
    const [pictures, dead] = await Promise.all([countsOf(client, queue), countsOf(client, deadLetterQueue)]);
    return { waiting: pictures.waiting, inFlight: pictures.inFlight, deadLetters: dead.waiting + dead.inFlight };
  } finally {
    client.destroy();
  }
}

async function countsOf(client: SQSClient, name: string): Promise<{ waiting: number; inFlight: number }> {
  const { QueueUrl: url } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  const { Attributes: attributes = {} } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesDelayed',
        'ApproximateNumberOfMessagesNotVisible',
      ],
    }),
  );
  const waiting =
    Number(attributes.ApproximateNumberOfMessages) + Number(attributes.ApproximateNumberOfMessagesDelayed);
  return { waiting, inFlight: Number(attributes.ApproximateNumberOfMessagesNotVisible) };
}
