import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** Trains each dataset at the given times; the gate decides whether the result is served. */
export function addTrainSchedule(
  scope: Construct,
  stateMachine: StateMachine,
  expression: string,
  datasets: readonly string[],
): void {
  const targets = datasets.map(
    (dataset) => new SfnStateMachine(stateMachine, { input: RuleTargetInput.fromObject({ dataset }) }),
  );
  new Rule(scope, 'TrainSchedule', { schedule: Schedule.expression(expression), targets });
}
