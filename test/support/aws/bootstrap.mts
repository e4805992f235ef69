// Stands for Lambda's own runtime client: loads the handler of the asset and asks the Runtime API for work, as
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html describes. Runs in a process that sees the asset's files only.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API ?? ''}/2018-06-01/runtime`;
const [file = '', name = ''] = (process.env._HANDLER ?? '').split('.');

async function post(url: string, body: unknown): Promise<void> {
  await fetch(url, { method: 'POST', body: JSON.stringify(body ?? null) });
}

function described(error: unknown) {
  const {
    name: errorType,
    message: errorMessage,
    stack = '',
  } = error instanceof Error ? error : new Error(String(error));
  return { errorType, errorMessage, trace: stack.split('\n') };
}

async function loadHandler(): Promise<Handler> {
  const url = pathToFileURL(path.join(process.env.LAMBDA_TASK_ROOT ?? '', `${file}.js`)).href;
  const module = (await import(url)) as { readonly default?: Record<string, unknown> } & Record<string, unknown>;
  const handler = module[name] ?? module.default?.[name];
  // Node 24 on Lambda takes no callback-style handlers.
  if (typeof handler !== 'function' || handler.length > 2) throw new Error(`no async handler in ${file}.${name}`);
  return handler as Handler;
}

async function serve(handler: Handler): Promise<never> {
  for (;;) {
    const next = await fetch(`${api}/invocation/next`);
    const id = next.headers.get('lambda-runtime-aws-request-id') ?? '';
    const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'));
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
    try {
      await post(`${api}/invocation/${id}/response`, await handler(await next.json(), context));
    } catch (error) {
      await post(`${api}/invocation/${id}/error`, described(error));
    }
  }
}

try {
  await serve(await loadHandler());
} catch (error) {
  await post(`${api}/init/error`, described(error));
  process.exitCode = 1;
}
