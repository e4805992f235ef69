import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import {
  Choice,
  Condition,
  DefinitionBody,
  LogLevel,
  Pass,
  QueryLanguage,
  StateMachine,
  Succeed,
  TaskInput,
  Wait,
  WaitTime,
  type IChainable,
} from 'aws-cdk-lib/aws-stepfunctions';
import { CallAwsService, LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { addLogGroup } from './log-group.ts';

export interface TrainingWorkflowProps {
  readonly stateMachineName: string;
  readonly queue: Queue;
  readonly trainFunction: LambdaFunction;
  readonly logRetentionDays: number;
}

/** SQS counts approximately: the queue must be seen empty so many times, this far apart. */
const QUIET_COUNTS = 2;
const COUNT_EVERY = Duration.seconds(30);

/**
 * Input `{"dataset": "<name>", "hyperparameters": {...}?}`. Waits until the queue is drained, then compacts, trains (in as many
 * invocations as it takes), evaluates, and promotes the version when it passes the gate.
 */
export class TrainingWorkflow extends Construct {
  readonly stateMachine: StateMachine;
  readonly #train: LambdaFunction;

  constructor(scope: Construct, id: string, props: TrainingWorkflowProps) {
    super(scope, id);
    this.#train = props.trainFunction;
    const logName = `/aws/vendedlogs/states/${props.stateMachineName}`;
    const logs = addLogGroup(this, 'Log', logName, props.logRetentionDays);
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: props.stateMachineName,
      queryLanguage: QueryLanguage.JSONATA,
      definitionBody: DefinitionBody.fromChainable(this.#drained(props.queue, this.#trained())),
      timeout: Duration.days(1),
      tracingEnabled: true,
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
    });
  }

  #drained(queue: Queue, next: IChainable): IChainable {
    const start = Pass.jsonata(this, 'ReadInput', {
      assign: {
        dataset: '{% $states.input.dataset %}',
        hyperparameters: '{% $exists($states.input.hyperparameters) ? $states.input.hyperparameters : {} %}',
        checkpoint: '{% null %}',
        quiet: 0,
      },
    });
    const count = CallAwsService.jsonata(this, 'CountPictures', {
      service: 'sqs',
      action: 'getQueueAttributes',
      iamAction: 'sqs:GetQueueAttributes',
      iamResources: [queue.queueArn],
      parameters: {
        QueueUrl: queue.queueUrl,
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      },
      assign: {
        quiet: '{% $sum($each($states.result.Attributes, function($v) { $number($v) })) = 0 ? $quiet + 1 : 0 %}',
      },
    });
    const wait = Wait.jsonata(this, 'WaitForPictures', { time: WaitTime.duration(COUNT_EVERY) });
    const isDrained = Choice.jsonata(this, 'IsDrained')
      .when(Condition.jsonata(`{% $quiet >= ${QUIET_COUNTS} %}`), next)
      .otherwise(wait.next(count));
    return start.next(count).next(isDrained);
  }

  #trained(): IChainable {
    const promote = this.#step('Promote', {
      version: '{% $states.input.version %}',
      expected: '{% $states.input.expected %}',
    });
    const gate = Choice.jsonata(this, 'Gate')
      .when(Condition.jsonata('{% $states.input.isPromotable %}'), promote)
      .otherwise(Succeed.jsonata(this, 'KeepCurrent'));
    const evaluate = this.#step('Evaluate', { version: '{% $states.input.version %}' }).next(gate);
    const train = this.#step(
      'Train',
      { hyperparameters: '{% $hyperparameters %}', checkpoint: '{% $checkpoint %}' },
      { checkpoint: '{% $states.result.Payload.checkpoint %}' },
    );
    const isTrained = Choice.jsonata(this, 'IsTrained')
      .when(Condition.jsonata("{% $states.input.status = 'paused' %}"), train)
      .otherwise(evaluate);
    return this.#step('Compact', {}).next(train).next(isTrained);
  }

  /** Faults of Lambda itself are tried again by LambdaInvoke; those of ours are not: the same input gives them again. */
  #step(name: string, payload: Record<string, unknown>, assign?: Record<string, unknown>): LambdaInvoke {
    return LambdaInvoke.jsonata(this, name, {
      lambdaFunction: this.#train,
      payload: TaskInput.fromObject({ step: name.toLowerCase(), dataset: '{% $dataset %}', ...payload }),
      outputs: '{% $states.result.Payload %}',
      ...(assign && { assign }),
    });
  }
}
