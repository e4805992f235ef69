import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { listingSequencer } from '../../../shared/features/sequencer.ts';
import { S3ObjectStore } from '../../../shared/storage/s3-object-store.ts';
import { deployFunction, TEST_CREDENTIALS } from './deploy-function.ts';
import type { LambdaRuntime } from './lambda-runtime.ts';
import type { Peer } from './peers.ts';
import { ResolvedTemplate } from './resolve-template.ts';
import { runStateMachine, type Execution, type StateMachineDefinition } from './state-machine.ts';
import { TEST_PLACE, type SynthesisedStack } from './synthesised-stack.ts';

/** A stack, brought up on local servers: bucket, queues and notification as the template says, the functions from its asset. */
export class LocalDeployment {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly store: S3ObjectStore;
  readonly bucket: string;
  readonly embed: LambdaRuntime;
  readonly train: LambdaRuntime;
  readonly predict: LambdaRuntime;
  readonly #template: ResolvedTemplate;
  readonly #hidden: string[] = [];
  readonly queueUrl: string;
  readonly deadLetterUrl: string;

  private constructor(parts: Parts) {
    const { bucket, s3, sqs, functions, template, queueUrl, deadLetterUrl } = parts;
    this.bucket = bucket;
    this.s3 = s3;
    this.sqs = sqs;
    this.store = new S3ObjectStore(s3, bucket);
    [this.embed, this.train, this.predict] = functions;
    this.#template = template;
    this.queueUrl = queueUrl;
    this.deadLetterUrl = deadLetterUrl;
  }

  static async start({ template, asset }: SynthesisedStack, { endpoint }: Peer): Promise<LocalDeployment> {
    const shared = { endpoint, region: TEST_PLACE.region, credentials: TEST_CREDENTIALS };
    const s3 = new S3Client({ ...shared, forcePathStyle: true });
    // The address of a queue names the AWS host, which must not be followed.
    const sqs = new SQSClient({ ...shared, useQueueUrlAsEndpoint: false });
    const first = new ResolvedTemplate(template);
    const deadLetterUrl = await createQueue(sqs, first.properties('AWS::SQS::Queue', '-pictures-dead'));
    const queueUrl = await createQueue(sqs, first.properties('AWS::SQS::Queue', '-pictures'));
    const resolved = new ResolvedTemplate(template, { 'AWS::SQS::Queue': queueUrl });
    const bucket = await createBucket(s3, first.properties('AWS::S3::Bucket'));
    const functions = await Promise.all([
      deployFunction(resolved, asset, 'embed-images', endpoint),
      deployFunction(resolved, asset, 'train-head', endpoint),
      deployFunction(resolved, asset, 'predict-image', endpoint),
    ]);
    return new LocalDeployment({ bucket, s3, sqs, functions, template: resolved, queueUrl, deadLetterUrl });
  }

  async stop(): Promise<void> {
    await Promise.all([this.embed.stop(), this.train.stop(), this.predict.stop()]);
    this.s3.destroy();
    this.sqs.destroy();
  }

  /** What the event source mapping does: takes batches, and deletes the messages that the function does not give back. */
  async drainQueue(): Promise<number> {
    let delivered = 0;
    for (let empty = 0; empty < 2;) {
      const { Messages: messages = [] } = await this.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: this.queueUrl, MaxNumberOfMessages: 10 }),
      );
      if (messages.length === 0) {
        empty++;
        continue;
      }
      const records = messages.map(({ MessageId: messageId, Body: body }) => ({ messageId, body }));
      const response = (await this.embed.invoke({ Records: records })) as {
        readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
      };
      const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { MessageId: id = '', ReceiptHandle: handle } of messages) {
        if (failed.has(id)) {
          this.#hidden.push(handle ?? '');
          continue;
        }
        await this.sqs.send(new DeleteMessageCommand({ QueueUrl: this.queueUrl, ReceiptHandle: handle }));
        delivered++;
      }
    }
    return delivered;
  }

  /** moto sends no event for a deletion; this one is as the AWS documentation gives it for a versioned bucket. */
  async sendRemoval(key: string): Promise<void> {
    const record = {
      eventVersion: '2.2',
      eventSource: 'aws:s3',
      eventName: 'ObjectRemoved:DeleteMarkerCreated',
      s3: {
        bucket: { name: this.bucket },
        object: {
          key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'),
          sequencer: listingSequencer(Date.now(), null),
        },
      },
    };
    await this.send(JSON.stringify({ Records: [record] }));
  }

  async send(body: string): Promise<void> {
    await this.sqs.send(new SendMessageCommand({ QueueUrl: this.queueUrl, MessageBody: body }));
  }

  /** Lets the visibility timeout of what was given back run out at once, as twelve minutes would. */
  async showHidden(): Promise<void> {
    for (const handle of this.#hidden.splice(0)) {
      await this.sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: this.queueUrl, ReceiptHandle: handle, VisibilityTimeout: 0 }),
      );
    }
  }

  /** Runs the training state machine of the template, with the real queue and the real function behind its tasks. */
  async runTraining(input: unknown, onState?: (name: string) => void): Promise<Execution> {
    const { DefinitionString: text } = this.#template.properties('AWS::StepFunctions::StateMachine', '-train');
    const definition = JSON.parse(String(text)) as StateMachineDefinition;
    const runTask = async (resource: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> => {
      if (resource.endsWith(':lambda:invoke')) return { Payload: await this.train.invoke(parameters.Payload) };
      if (!resource.endsWith(':aws-sdk:sqs:getQueueAttributes'))
        throw new Error(`expected a known task, got ${resource}`);
      return this.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: String(parameters.QueueUrl),
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      );
    };
    return runStateMachine(definition, input, runTask, onState);
  }

  /** What API Gateway makes of a request. */
  async ask(route: string, request: HttpRequest = {}): Promise<{ status: number; body: Record<string, unknown> }> {
    const { dataset, query = {}, contentType, body } = request;
    const response = (await this.predict.invoke({
      version: '2.0',
      routeKey: route,
      rawPath: route.split(' ')[1]?.replace('{dataset}', dataset ?? ''),
      headers: contentType === undefined ? {} : { 'content-type': contentType },
      ...(dataset !== undefined && { pathParameters: { dataset } }),
      queryStringParameters: query,
      requestContext: { requestId: 'request-1' },
      ...(body !== undefined && { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }),
    })) as { readonly statusCode: number; readonly body: string };
    return { status: response.statusCode, body: JSON.parse(response.body) as Record<string, unknown> };
  }
}

export interface HttpRequest {
  readonly dataset?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: Uint8Array | string;
}

interface Parts {
  readonly bucket: string;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly functions: readonly [LambdaRuntime, LambdaRuntime, LambdaRuntime];
  readonly template: ResolvedTemplate;
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
}

type Properties = Readonly<Record<string, unknown>>;

async function createQueue(
  sqs: SQSClient,
  { QueueName: name, VisibilityTimeout: seconds, RedrivePolicy: redrive }: Properties,
) {
  const { QueueUrl: url = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName: String(name),
      Attributes: {
        ...(seconds !== undefined && { VisibilityTimeout: String(Number(seconds)) }),
        ...(redrive !== undefined && { RedrivePolicy: JSON.stringify(redrive) }),
      },
    }),
  );
  return url;
}

async function createBucket(s3: S3Client, properties: Properties): Promise<string> {
  const bucket = String(properties.BucketName);
  await s3.send(
    new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: TEST_PLACE.region } }),
  );
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const { QueueConfigurations: configurations } = properties.NotificationConfiguration as {
    readonly QueueConfigurations: readonly {
      readonly Event: 's3:ObjectCreated:*';
      readonly Queue: string;
      readonly Filter: { readonly S3Key: { readonly Rules: { Name: 'prefix'; Value: string }[] } };
    }[];
  };
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: bucket,
      NotificationConfiguration: {
        QueueConfigurations: configurations.map(({ Event, Queue, Filter }) => ({
          Events: [Event],
          QueueArn: Queue,
          Filter: { Key: { FilterRules: Filter.S3Key.Rules } },
        })),
      },
    }),
  );
  return bucket;
}
