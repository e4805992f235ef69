import { Size, type Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FunctionName } from '../bundling/bundle-functions.ts';
import { addLogGroup } from './log-group.ts';

export interface TeamFunctionProps {
  readonly folder: FunctionName;
  readonly functionName: string;
  readonly description: string;
  readonly code: Code;
  readonly memoryMb: number;
  readonly timeout: Duration;
  readonly logRetentionDays: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly statements: readonly PolicyStatement[];
  /** @default none */
  readonly reservedConcurrency?: number;
  /** Room in /tmp, MB. @default 512 */
  readonly temporaryMb?: number;
}

/** A function with its log group and a role of its own, which holds the given statements and the right to write its log. */
export class TeamFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: TeamFunctionProps) {
    super(scope, id);
    this.timeout = props.timeout;
    this.logGroup = addLogGroup(this, 'Log', `/aws/lambda/${props.functionName}`, props.logRetentionDays);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.function = new LambdaFunction(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      // On arm64 ONNX Runtime writes cpuinfo errors into every log.
      architecture: Architecture.X86_64,
      handler: `${props.folder}.handler`,
      code: props.code,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      role,
      logGroup: this.logGroup,
      environment: { ...props.environment },
      ...(props.reservedConcurrency !== undefined && { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...(props.temporaryMb !== undefined && { ephemeralStorageSize: Size.mebibytes(props.temporaryMb) }),
    });
    const log = new PolicyStatement({
      sid: 'WriteLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [this.logGroup.logGroupArn],
    });
    for (const statement of [log, ...props.statements]) role.addToPolicy(statement);
  }
}
