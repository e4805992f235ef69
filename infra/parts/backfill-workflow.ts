import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import {
  DefinitionBody,
  DistributedMap,
  ItemBatcher,
  LogLevel,
  QueryLanguage,
  S3ObjectsItemReader,
  StateMachine,
  StateMachineType,
  TaskInput,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { addLogGroup } from './log-group.ts';
import { PREFIXES } from './dataset-bucket.ts';

export interface BackfillWorkflowProps {
  readonly stateMachineName: string;
  readonly bucket: Bucket;
  readonly embedFunction: LambdaFunction;
  readonly concurrency: number;
  readonly logRetentionDays: number;
}

/** One invocation and one shard each; about 10 seconds of the backbone on two processors. */
const PICTURES_PER_BATCH = 200;
/** A payload of Step Functions may have 256 KB. */
const MAX_BATCH_BYTES = 200 * 1024;
/** One batch in twenty may fail, after its retries, before the rest is stopped. */
const TOLERATED_FAILURES_PERCENT = 5;

/**
 * Input `{"dataset": "<name>"}`. Lists the pictures that were in the bucket before the stack was and gives them to embed-images in batches, on AWS's own engine: a
 * Distributed Map, so N pictures are N / 200 invocations and nothing of ours stands in between.
 */
export class BackfillWorkflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: BackfillWorkflowProps) {
    super(scope, id);
    const logName = `/aws/vendedlogs/states/${props.stateMachineName}`;
    const map = DistributedMap.jsonata(this, 'ForEachBatch', {
      itemReader: new S3ObjectsItemReader({
        bucket: Bucket.fromBucketName(this, 'Pictures', props.bucket.bucketName),
        prefix: `{% '${PREFIXES.datasets}' & $states.input.dataset & '/' %}`,
      }),
      itemBatcher: new ItemBatcher({ maxItemsPerBatch: PICTURES_PER_BATCH, maxInputBytesPerBatch: MAX_BATCH_BYTES }),
      mapExecutionType: StateMachineType.EXPRESS,
      maxConcurrency: props.concurrency,
      toleratedFailurePercentage: TOLERATED_FAILURES_PERCENT,
      outputs: "{% {'batches': $count($states.result)} %}",
    });
    const embed = LambdaInvoke.jsonata(this, 'EmbedBatch', {
      lambdaFunction: props.embedFunction,
      payload: TaskInput.fromObject({ Items: '{% $states.input.Items %}' }),
      // Of each batch only a digit is kept: 100,000 reports would not fit into an execution.
      outputs: '{% 1 %}',
    });
    embed.addRetry({ errors: ['States.TaskFailed'], interval: Duration.seconds(5), backoffRate: 2, maxAttempts: 4 });
    map.itemProcessor(embed);
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: props.stateMachineName,
      queryLanguage: QueryLanguage.JSONATA,
      definitionBody: DefinitionBody.fromChainable(map),
      timeout: Duration.days(7),
      tracingEnabled: true,
      logs: {
        destination: addLogGroup(this, 'Log', logName, props.logRetentionDays),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
    });
  }
}
