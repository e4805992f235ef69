import { readdirSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import type { Template } from 'aws-cdk-lib/assertions';
import jsonata from 'jsonata';
import { beforeAll, describe, expect, it } from 'vitest';
import { PREDICTION_ROUTES } from '../../shared/service/prediction-routes.ts';
import { ResolvedTemplate } from '../support/aws/resolve-template.ts';
import { synthesiseStack } from '../support/aws/synthesised-stack.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface BackfillMap {
  readonly ItemReader: { readonly Arguments: { readonly Prefix: string } };
  readonly ItemBatcher: { readonly MaxItemsPerBatch: number; readonly MaxInputBytesPerBatch: number };
  readonly ItemProcessor: {
    readonly ProcessorConfig: unknown;
    readonly States: { readonly EmbedBatch: { readonly Arguments: { readonly Payload: unknown } } };
  };
}

let template: Template;
beforeAll(async () => {
  ({ template } = await synthesiseStack());
});

function resourcesOf(type: string): [string, Resource][] {
  return Object.entries(template.findResources(type) as Record<string, Resource>);
}

/** `<action> <prefix>` of each statement on the bucket's objects, and the plain actions of the others. */
function rightsOf(role: string): string[] {
  const [, policy] = resourcesOf('AWS::IAM::Policy').find(([id]) => id.includes(role)) ?? [];
  const document = policy?.Properties.PolicyDocument as { readonly Statement: readonly Statement[] } | undefined;
  return (document?.Statement ?? []).flatMap(({ Action, Resource: resource, Condition }) =>
    [Action].flat().flatMap((action) => {
      const prefixes = Condition?.StringLikeIfExists?.['s3:prefix'];
      if (prefixes !== undefined) return [prefixes].flat().map((prefix) => `${action} ${prefix as string}`);
      return [resource].flat().map((one) => `${action} ${endingOf(one)}`.trim());
    }),
  );
}

/** What stands behind the bucket's ARN: `/datasets/*`. */
function endingOf(resource: unknown): string {
  const join = (resource as { readonly 'Fn::Join'?: readonly [string, readonly unknown[]] })['Fn::Join'];
  const last = join?.[1].at(-1);
  return typeof last === 'string' ? last : '';
}

describe('the rights of the functions', () => {
  it('lets embed-images read pictures, write vectors and keep rejects, and no more', () => {
    expect(rightsOf('EmbedImagesRole').sort()).toEqual(
      [
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        's3:DeleteObject /rejects/*',
        's3:GetObject /datasets/*',
        's3:ListBucket datasets/*',
        's3:PutObject /features/*',
        's3:PutObject /rejects/*',
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
        'sqs:ReceiveMessage',
      ].sort(),
    );
  });

  it('lets train-head write vectors, models and checkpoints, and delete no model', () => {
    const rights = rightsOf('TrainHeadRole');
    expect(rights.filter((right) => /Put|Delete|Abort/.test(right) && right.startsWith('s3')).sort()).toEqual([
      's3:AbortMultipartUpload /checkpoints/*',
      's3:AbortMultipartUpload /features/*',
      's3:AbortMultipartUpload /models/*',
      's3:DeleteObject /checkpoints/*',
      's3:DeleteObject /features/*',
      's3:PutObject /checkpoints/*',
      's3:PutObject /features/*',
      's3:PutObject /models/*',
    ]);
  });

  it('lets predict-image read models and uploads, and sign uploads', () => {
    expect(rightsOf('PredictImageRole').sort()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject /models/*',
      's3:GetObject /uploads/*',
      's3:ListBucket models/*',
      's3:ListBucket uploads/*',
      's3:PutObject /uploads/*',
    ]);
  });

  it('gives no function an action with a wildcard, all resources, or a managed policy', () => {
    for (const [id, { Properties }] of resourcesOf('AWS::IAM::Policy')) {
      const { Statement: statements } = Properties.PolicyDocument as { readonly Statement: readonly Statement[] };
      for (const { Action, Resource: resource } of statements) {
        expect([Action].flat().join(), id).not.toContain('*');
        if (!id.includes('StateMachine')) expect(resource, id).not.toBe('*');
      }
    }
    for (const [id, { Properties }] of resourcesOf('AWS::IAM::Role')) {
      expect(Properties.ManagedPolicyArns, id).toBeUndefined();
    }
  });
});

describe('the bucket', () => {
  it('is encrypted, versioned, closed to the public, and stays when the stack goes', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    });
  });

  it('refuses requests without TLS', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it('tells the queue of pictures that come and go, and of nothing else', () => {
    const [[, bucket] = []] = resourcesOf('AWS::S3::Bucket');
    const { QueueConfigurations: configurations } = bucket?.Properties.NotificationConfiguration as {
      readonly QueueConfigurations: readonly { readonly Event: string; readonly Filter: unknown }[];
    };
    expect(configurations.map(({ Event }) => Event)).toEqual(['s3:ObjectCreated:*', 's3:ObjectRemoved:*']);
    for (const { Filter } of configurations) {
      expect(Filter).toEqual({ S3Key: { Rules: [{ Name: 'prefix', Value: 'datasets/' }] } });
    }
  });
});

describe('the queue', () => {
  it('hides messages for six times the timeout of the function, and puts them aside after five tries', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'headstart-test-pictures',
      VisibilityTimeout: 720,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 5 },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'headstart-test-embed-images',
      Timeout: 120,
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BatchSize: 100,
      ScalingConfig: { MaximumConcurrency: 10 },
    });
  });

  it('takes messages from this bucket of this account only', () => {
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Principal: { Service: 's3.amazonaws.com' },
            Condition: {
              ArnEquals: Match.objectLike({}),
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
            },
          }),
        ]),
      },
    });
  });
});

describe('the functions', () => {
  it('run on Node 24 for x86-64 with a log that ends', () => {
    const functions = resourcesOf('AWS::Lambda::Function');
    expect(functions).toHaveLength(3);
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['x86_64'] });
    }
    for (const [, { Properties }] of resourcesOf('AWS::Logs::LogGroup')) expect(Properties.RetentionInDays).toBe(30);
  });
});

describe('a backbone that does not fit into the asset', () => {
  it('travels through the asset bucket, with the right to read that one object', async () => {
    const large = await synthesiseStack({}, (backbone) => ({ ...backbone, sizeBytes: 200 * 1024 ** 2 }));
    const files = readdirSync(large.asset, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.onnx'))).toEqual([]);
    expect(files.filter((file) => file.endsWith('backbone.json'))).toHaveLength(1);
    const functions = Object.values(large.template.findResources('AWS::Lambda::Function') as Record<string, Resource>);
    for (const { Properties } of functions) {
      const { Variables: variables } = Properties.Environment as { readonly Variables: Record<string, unknown> };
      expect(variables.HEADSTART_BACKBONE_KEY).toMatch(/^[0-9a-f]{64}\.onnx$/);
      expect(Properties.EphemeralStorage).toEqual({ Size: 1024 });
    }
    const rights = Object.values(large.template.findResources('AWS::IAM::Policy') as Record<string, Resource>);
    const reading = rights.filter(({ Properties }) => JSON.stringify(Properties).includes('ReadBackbone'));
    expect(reading).toHaveLength(3);
    for (const { Properties } of reading) expect(JSON.stringify(Properties)).toMatch(/\/[0-9a-f]{64}\.onnx"/);
  });
});

describe('the backfill', () => {
  it('lists the prefix of the dataset that is asked for, and gives batches to embed-images', async () => {
    const { DefinitionString: text } = new ResolvedTemplate(template).properties(
      'AWS::StepFunctions::StateMachine',
      '-backfill',
    );
    const { States: states } = JSON.parse(String(text)) as { readonly States: { readonly ForEachBatch: BackfillMap } };
    const { ItemReader: reader, ItemBatcher: batcher, ItemProcessor: processor } = states.ForEachBatch;
    const { Prefix: prefix } = reader.Arguments;
    const evaluated: unknown = await jsonata(prefix.slice(2, -2)).evaluate(
      {},
      { states: { input: { dataset: 'flowers' } } },
    );
    expect(evaluated).toBe('datasets/flowers/');
    expect(batcher.MaxItemsPerBatch).toBe(200);
    expect(batcher.MaxInputBytesPerBatch).toBeLessThan(256 * 1024);
    expect(processor.ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' });
    expect(processor.States.EmbedBatch.Arguments.Payload).toEqual({ Items: '{% $states.input.Items %}' });
  });
});

describe('the HTTP API', () => {
  it('asks for IAM on every route, and has exactly those of the service', () => {
    const routes = resourcesOf('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
    for (const route of routes) expect(route.AuthorizationType).toBe('AWS_IAM');
    expect(routes.map((route) => route.RouteKey).sort()).toEqual(
      PREDICTION_ROUTES.map(({ method, path }) => `${method} ${path}`).sort(),
    );
  });

  it('asks for a token of the given issuer when the team chose jwt', async () => {
    const jwt = await synthesiseStack({ auth: 'jwt', jwtIssuer: 'https://login.example/pool', jwtAudience: ['app'] });
    jwt.template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      JwtConfiguration: { Audience: ['app'], Issuer: 'https://login.example/pool' },
    });
    jwt.template.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'JWT' });
  });
});

describe('a team that wishes more', () => {
  it('gets its budget, schedule, tags, concurrency and alarms by e-mail', async () => {
    const wished = await synthesiseStack({
      monthlyBudgetUsd: 40,
      alarmEmail: 'ann@example.org',
      trainSchedule: 'rate(1 day)',
      trainDatasets: ['flowers'],
      predictConcurrency: 7,
      removal: 'destroy',
      tags: { owner: 'ann' },
    });
    wished.template.hasResourceProperties('AWS::Budgets::Budget', {
      Budget: { BudgetLimit: { Amount: 40, Unit: 'USD' }, CostFilters: { TagKeyValue: ['user:headstart:team$test'] } },
    });
    wished.template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 day)' });
    wished.template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ann@example.org' });
    wished.template.hasResourceProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: 7 });
    wished.template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    wished.template.hasResourceProperties('AWS::S3::Bucket', {
      Tags: Match.arrayWith([{ Key: 'owner', Value: 'ann' }]),
    });
  });

  it('shares no name with another team of the account', async () => {
    const other = await synthesiseStack({ team: 'other' });
    const namesOf = (one: Template) =>
      Object.values(one.toJSON().Resources as Record<string, Resource>)
        .flatMap(({ Properties }) =>
          Object.entries(Properties).filter(([name, value]) => name.endsWith('Name') && typeof value === 'string'),
        )
        .filter(([name]) => !['StageName', 'PolicyName', 'MetricName'].includes(name))
        .map(([, value]) => value);
    const shared = namesOf(template).filter((name) => namesOf(other.template).includes(name));
    expect(namesOf(template).length).toBeGreaterThan(10);
    expect(shared).toEqual([]);
  });
});

describe('alarms', () => {
  it('watch dead letters, errors, throttles, durations, executions and the API, and write to the topic', () => {
    const alarms = resourcesOf('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    expect(alarms.map(({ AlarmName }) => String(AlarmName).replace('headstart-test-', '')).sort()).toEqual([
      'api-faults',
      'api-latency',
      'backfill-failed',
      'dead-letters',
      'embed-images-duration',
      'embed-images-errors',
      'embed-images-throttles',
      'predict-image-duration',
      'predict-image-errors',
      'predict-image-throttles',
      'queue-age',
      'train-head-errors',
      'train-head-throttles',
      'training-failed',
    ]);
    for (const { AlarmActions } of alarms) expect(AlarmActions).toHaveLength(1);
  });
});
