import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../../shared/errors.ts';
import type { Execution } from './state-machine.ts';

/** Runs an execution; tells each state that it enters. */
export type ExecutionRunner = (input: unknown, onState: (name: string) => void) => Promise<Execution>;

interface Running {
  readonly input: string;
  readonly states: string[];
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  output?: string;
  cause?: string;
}

export interface StepFunctionsServer {
  readonly endpoint: string;
  /** Inputs of the executions, in the order in which they were started. */
  readonly inputs: readonly unknown[];
  stop(): Promise<void>;
}

/**
 * The three calls of Step Functions that the command line makes, over its own protocol (AWS JSON 1.0), around a runner that really runs the state
 * machine; moto's executions end at once and run nothing.
 */
export async function startStepFunctions(
  stateMachineArn: string,
  runner: ExecutionRunner,
): Promise<StepFunctionsServer> {
  const executions = new Map<string, Running>();
  const inputs: unknown[] = [];

  function start(request: Readonly<Record<string, unknown>>): Answer {
    if (request.stateMachineArn !== stateMachineArn)
      return { status: 400, body: { __type: 'StateMachineDoesNotExist' } };
    const execution: Running = { input: String(request.input), states: [], status: 'RUNNING' };
    const arn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${executions.size}`;
    executions.set(arn, execution);
    const input: unknown = JSON.parse(execution.input);
    inputs.push(input);
    runner(input, (name) => execution.states.push(name)).then(
      ({ output }) => Object.assign(execution, { status: 'SUCCEEDED', output: JSON.stringify(output) }),
      // What Lambda reports of an error, and Step Functions passes on as the cause.
      (error: unknown) =>
        Object.assign(execution, { status: 'FAILED', cause: JSON.stringify({ errorMessage: messageOf(error) }) }),
    );
    return { status: 200, body: { executionArn: arn, startDate: Date.now() / 1000 } };
  }

  function answer(operation: string, request: Readonly<Record<string, unknown>>): Answer {
    if (operation === 'StartExecution') return start(request);
    const execution = executions.get(String(request.executionArn));
    if (execution === undefined) return { status: 400, body: { __type: 'ExecutionDoesNotExist' } };
    const { status, states, output, cause } = execution;
    if (operation === 'DescribeExecution')
      return { status: 200, body: { status, output, cause, error: cause && 'Error' } };
    const events = states.map((name, i) => ({
      id: i + 1,
      type: 'TaskStateEntered',
      stateEnteredEventDetails: { name },
    }));
    return { status: 200, body: { events: events.reverse() } };
  }

  const server = createServer((request, response) => {
    void respond(request, response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inputs,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (operation: string, request: Readonly<Record<string, unknown>>) => Answer,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
  const { status, body } = answer(operation, JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}
