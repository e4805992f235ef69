import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { PictureQueue } from './picture-queue.ts';
import type { TeamFunction } from './team-function.ts';

export interface MonitoringProps {
  readonly name: string;
  readonly functions: Readonly<Record<string, TeamFunction>>;
  readonly queue: PictureQueue;
  readonly stateMachines: Readonly<Record<string, StateMachine>>;
  readonly api: HttpApi;
  readonly email?: string;
}

const PERIOD = Duration.minutes(5);
/** A function that needs this share of its time will need more than all of it with a bigger dataset. */
const DURATION_SHARE = 0.8;
/** A backlog older than this means that pictures come faster than they are embedded. */
const MAX_QUEUE_AGE = Duration.hours(1);
/** API Gateway gives up after 30 s; a person does so earlier. */
const MAX_ANSWER = Duration.seconds(5);

/** Alarms that each name one thing to do (docs/operations.md has a line for each), a topic that they write to, and a dashboard. */
export class Monitoring extends Construct {
  readonly topic: Topic;
  readonly #props: MonitoringProps;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.#props = props;
    this.topic = new Topic(this, 'Alarms', { topicName: `${props.name}-alarms`, enforceSSL: true });
    if (props.email !== undefined) this.topic.addSubscription(new EmailSubscription(props.email));
    this.#alarmOnQueue();
    for (const [label, one] of Object.entries(props.functions)) this.#alarmOnFunction(label, one);
    for (const [label, machine] of Object.entries(props.stateMachines)) {
      this.#alarm(`${label}-failed`, machine.metricFailed({ period: PERIOD }), 0, `an execution of ${label} failed`);
    }
    this.#alarmOnApi();
    this.#drawDashboard();
  }

  #alarmOnQueue(): void {
    const { queue, deadLetterQueue } = this.#props.queue;
    const dead = deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: 'Maximum' });
    this.#alarm('dead-letters', dead, 0, 'events failed five times and wait in the dead-letter queue');
    const age = queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' });
    this.#alarm('queue-age', age, MAX_QUEUE_AGE.toSeconds(), 'pictures wait for more than an hour to be embedded');
  }

  #alarmOnFunction(label: string, { function: fn, timeout }: TeamFunction): void {
    const limitMs = timeout.toMilliseconds() * DURATION_SHARE;
    const duration = fn.metricDuration({ period: PERIOD, statistic: 'Maximum' });
    this.#alarm(`${label}-errors`, fn.metricErrors({ period: PERIOD }), 0, `${label} failed`);
    this.#alarm(
      `${label}-throttles`,
      fn.metricThrottles({ period: PERIOD }),
      0,
      `${label} was refused for want of concurrency`,
    );
    // A training may use all of its time: it stores a checkpoint and goes on in the next invocation.
    if (label !== 'train-head') this.#alarm(`${label}-duration`, duration, limitMs, `${label} comes near its timeout`);
  }

  #alarmOnApi(): void {
    const { api } = this.#props;
    this.#alarm(
      'api-faults',
      api.metricServerError({ period: PERIOD, statistic: 'Sum' }),
      0,
      'a prediction was answered by a 5xx',
    );
    const latency = api.metricLatency({ period: PERIOD, statistic: 'p99' });
    this.#alarm(
      'api-latency',
      latency,
      MAX_ANSWER.toMilliseconds(),
      'one answer in a hundred takes more than 5 seconds',
    );
  }

  #alarm(name: string, metric: IMetric, threshold: number, description: string): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#props.name}-${name}`,
      alarmDescription: `${description}; what to do: docs/operations.md#${name}`,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No traffic is no fault: a system that costs nothing when idle sends no numbers then.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
  }

  #drawDashboard(): void {
    const { name, functions, queue, stateMachines, api } = this.#props;
    const all = Object.values(functions).map((one) => one.function);
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: 12 });
    new Dashboard(this, 'Dashboard', {
      dashboardName: name,
      widgets: [
        [
          graph(
            'Pictures waiting',
            [
              queue.queue.metricApproximateNumberOfMessagesVisible(),
              queue.queue.metricApproximateNumberOfMessagesNotVisible(),
              queue.deadLetterQueue.metricApproximateNumberOfMessagesVisible(),
            ],
            [queue.queue.metricApproximateAgeOfOldestMessage()],
          ),
          graph(
            'Predictions',
            [api.metricCount()],
            [api.metricLatency({ statistic: 'p50' }), api.metricLatency({ statistic: 'p99' })],
          ),
        ],
        [
          graph(
            'Invocations and errors',
            all.map((fn) => fn.metricInvocations()),
            all.map((fn) => fn.metricErrors()),
          ),
          graph(
            'Duration, p95',
            all.map((fn) => fn.metricDuration({ statistic: 'p95' })),
            all.map((fn) => fn.metricThrottles()),
          ),
        ],
        [
          graph(
            'Trainings and backfills',
            Object.values(stateMachines).flatMap((one) => [one.metricSucceeded(), one.metricFailed()]),
          ),
          graph('Refused requests', [api.metricClientError()], [api.metricServerError()]),
        ],
      ],
    });
  }
}
