import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface LambdaOptions {
  /** The bundled asset. It is copied away from this checkout, so that nothing but its own files can be found. */
  readonly asset: string;
  /** `embed-images.handler`. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutMs: number;
}

/** What the function threw, as the Runtime API was told. */
export class FunctionError extends Error {
  readonly errorType: string;

  constructor(errorType: string, message: string) {
    super(message);
    this.name = 'FunctionError';
    this.errorType = errorType;
  }
}

interface Invocation {
  readonly id: string;
  readonly event: unknown;
  readonly answer: PromiseWithResolvers<unknown>;
}

/** One function in one process, fed through a Runtime API server of its own. */
export class LambdaRuntime {
  readonly #options: LambdaOptions;
  readonly #waiting: Invocation[] = [];
  readonly #running = new Map<string, Invocation>();
  #poll: ServerResponse | null = null;
  #server: Server | null = null;
  #process: ChildProcess | null = null;
  #root = '';
  #log = '';

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  static async start(options: LambdaOptions): Promise<LambdaRuntime> {
    const runtime = new LambdaRuntime(options);
    await runtime.#start();
    return runtime;
  }

  /** Everything that the function wrote. */
  get log(): string {
    return this.#log;
  }

  get processId(): number {
    return this.#process?.pid ?? -1;
  }

  /** @throws FunctionError when the handler throws or its module cannot be loaded */
  async invoke(event: unknown): Promise<unknown> {
    const invocation = { id: randomUUID(), event, answer: Promise.withResolvers<unknown>() };
    this.#waiting.push(invocation);
    this.#hand();
    return invocation.answer.promise;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once('exit', resolve));
    this.#process?.kill('SIGKILL');
    await ended;
    this.#server?.closeAllConnections();
    this.#server?.close();
    await rm(this.#root, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    this.#root = await mkdtemp(path.join(tmpdir(), 'headstart-lambda-'));
    const task = path.join(this.#root, 'task');
    await cp(this.#options.asset, task, { recursive: true });
    await cp(path.join(import.meta.dirname, 'bootstrap.mts'), path.join(this.#root, 'bootstrap.mts'));
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    const { environment, handler, memoryMb } = this.#options;
    this.#process = spawn(process.execPath, [path.join(this.#root, 'bootstrap.mts')], {
      cwd: task,
      env: {
        ...environment,
        LAMBDA_TASK_ROOT: task,
        _HANDLER: handler,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
    }
    this.#process.once('exit', (code) => {
      this.#failAll(new FunctionError('Runtime.ExitError', `the process ended with ${String(code)}: ${this.#log}`));
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts = (request.url ?? '').split('/').slice(3);
    if (request.method === 'GET' && parts.join('/') === 'invocation/next') {
      this.#poll = response;
      this.#hand();
      return;
    }
    const body: unknown = JSON.parse(await textOf(request));
    response.writeHead(202).end();
    if (parts[0] === 'init') this.#failAll(errorFrom(body));
    const invocation = this.#running.get(parts[1] ?? '');
    this.#running.delete(parts[1] ?? '');
    if (parts[2] === 'response') invocation?.answer.resolve(body);
    else invocation?.answer.reject(errorFrom(body));
  }

  /** Gives the next event to the function, if both are there: one at a time, as Lambda does. */
  #hand(): void {
    const invocation = this.#poll === null ? undefined : this.#waiting.shift();
    if (invocation === undefined || this.#poll === null) return;
    this.#running.set(invocation.id, invocation);
    this.#poll.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': String(Date.now() + this.#options.timeoutMs),
    });
    this.#poll.end(JSON.stringify(invocation.event));
    this.#poll = null;
  }

  #failAll(error: FunctionError): void {
    for (const { answer } of [...this.#waiting, ...this.#running.values()]) answer.reject(error);
    this.#waiting.length = 0;
    this.#running.clear();
  }
}

function errorFrom(body: unknown): FunctionError {
  const { errorType = 'Error', errorMessage = '' } = body as { errorType?: string; errorMessage?: string };
  return new FunctionError(errorType, errorMessage);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
