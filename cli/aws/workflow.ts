import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
} from '@aws-sdk/client-sfn';
import type { DeploymentPlace } from '../../shared/deployment/deployment-names.ts';
import { HeadstartError, NotFoundError } from '../../shared/errors.ts';

/** How an execution stands. */
export type WorkflowStatus =
  | {
      readonly kind: 'running';
      /** Of the state that it is in; null before the first. */ readonly state: string | null;
    }
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly status: string; readonly error: string; readonly cause: string };

/** The last events of an execution are enough to find the state that it is in. */
const EVENTS_READ = 20;

/** A state machine of a team's stack. */
export class Workflow {
  readonly #client: SFNClient;
  readonly #name: string;
  readonly #arn: string;

  /** @param name of deploymentNames */
  constructor({ account, region }: DeploymentPlace, name: string) {
    this.#client = new SFNClient({ region });
    this.#name = name;
    this.#arn = `arn:aws:states:${region}:${account}:stateMachine:${name}`;
  }

  /**
   * @param otherwise what the user can do without the stack
   * @returns the execution's ARN
   * @throws NotFoundError when the stack does not have it
   */
  async start(input: unknown, otherwise: string): Promise<string> {
    const command = new StartExecutionCommand({ stateMachineArn: this.#arn, input: JSON.stringify(input) });
    const { executionArn } = await this.#client.send(command).catch((cause: unknown) => {
      if (!(cause instanceof StateMachineDoesNotExist)) throw cause;
      throw new NotFoundError(
        `expected the state machine ${this.#name}, found none; deploy the stack: npx cdk deploy, or ${otherwise}`,
        { cause },
      );
    });
    if (executionArn !== undefined) return executionArn;
    throw new HeadstartError('internal', `expected the name of an execution of ${this.#name}, received none`);
  }

  async status(executionArn: string): Promise<WorkflowStatus> {
    const { status, output, error, cause } = await this.#client.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'RUNNING' || status === 'PENDING_REDRIVE') {
      return { kind: 'running', state: await this.#currentState(executionArn) };
    }
    if (status === 'SUCCEEDED') return { kind: 'done', output: JSON.parse(output ?? 'null') };
    return { kind: 'failed', status: status ?? 'UNKNOWN', error: error ?? '', cause: cause ?? '' };
  }

  close(): void {
    this.#client.destroy();
  }

  async #currentState(executionArn: string): Promise<string | null> {
    const { events = [] } = await this.#client.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: EVENTS_READ }),
    );
    return (
      events.find((event) => event.stateEnteredEventDetails?.name !== undefined)?.stateEnteredEventDetails?.name ?? null
    );
  }
}
