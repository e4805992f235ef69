import jsonata from 'jsonata';

/** What a Task state is bound to: `arn:aws:states:::lambda:invoke` and its arguments. */
export type TaskRunner = (resource: string, parameters: Readonly<Record<string, unknown>>) => Promise<unknown>;

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[];
  readonly Resource?: string;
  readonly Arguments?: unknown;
  readonly Output?: unknown;
  readonly Assign?: Readonly<Record<string, unknown>>;
}

export interface StateMachineDefinition {
  readonly QueryLanguage: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface Execution {
  readonly output: unknown;
  /** Names of the states, in the order in which they ran. */
  readonly path: readonly string[];
}

/** More states than any execution of ours has: a loop that does not end is a fault. */
const MAX_STATES = 200;

/**
 * Runs a JSONata state machine as https://states-language.net describes it, for the states that ours have: Pass, Task, Choice, Wait (which does not
 * wait here) and Succeed. Expressions are evaluated by the real JSONata.
 */
export async function runStateMachine(
  definition: StateMachineDefinition,
  input: unknown,
  runTask: TaskRunner,
  onState: (name: string) => void = () => undefined,
): Promise<Execution> {
  if (definition.QueryLanguage !== 'JSONata') throw new Error('expected a JSONata state machine');
  const variables: Record<string, unknown> = {};
  const path: string[] = [];
  let value = input;
  for (let name: string | undefined = definition.StartAt; name !== undefined && path.length < MAX_STATES;) {
    path.push(name);
    onState(name);
    const state: State | undefined = definition.States[name];
    if (state === undefined) throw new Error(`expected a state ${name}`);
    const given = { input: value, result: undefined as unknown };
    if (state.Type === 'Task') {
      const parameters = await evaluate(state.Arguments, given, variables);
      given.result = await runTask(state.Resource ?? '', parameters as Readonly<Record<string, unknown>>);
    }
    const chosen = await choose(state, given, variables);
    const output =
      state.Output === undefined ? (given.result ?? value) : await evaluate(state.Output, given, variables);
    Object.assign(variables, await evaluate(state.Assign ?? {}, given, variables));
    value = output;
    name = chosen ?? state.Next;
  }
  if (path.length === MAX_STATES) throw new Error(`expected an end, the execution went ${path.slice(-6).join(', ')}`);
  return { output: value, path };
}

type Given = Readonly<Record<string, unknown>>;

async function choose(state: State, given: Given, variables: Given): Promise<string | undefined> {
  for (const { Condition: condition, Next: next } of state.Choices ?? []) {
    if ((await evaluate(condition, given, variables)) === true) return next;
  }
  return state.Default;
}

/** Every text of the form `{% ... %}` within a value is an expression. */
async function evaluate(value: unknown, states: Given, variables: Given): Promise<unknown> {
  if (typeof value === 'string' && value.startsWith('{%')) {
    const result: unknown = await jsonata(value.slice(2, -2)).evaluate({}, { ...variables, states });
    // Step Functions refuses an expression that gives nothing.
    if (result === undefined) throw new Error(`expected a value of ${value}`);
    return JSON.parse(JSON.stringify(result)) as unknown;
  }
  if (Array.isArray(value)) return Promise.all(value.map((item) => evaluate(item, states, variables)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([name, item]) => [name, await evaluate(item, states, variables)]);
  return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
}
