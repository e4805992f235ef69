import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { InvalidInputError } from '../../shared/errors.ts';

const RETENTIONS = Object.values(RetentionDays).filter((value) => typeof value === 'number');

/** A log that is kept for so many days and goes with the stack. */
export function addLogGroup(scope: Construct, id: string, logGroupName: string, days: number): LogGroup {
  const retention = RETENTIONS.find((value) => value.valueOf() === days);
  if (retention === undefined) {
    throw new InvalidInputError(
      `expected a retention that CloudWatch Logs knows for ${logGroupName}, received ${days}`,
    );
  }
  return new LogGroup(scope, id, { logGroupName, retention, removalPolicy: RemovalPolicy.DESTROY });
}
