// Stands for Lambda's own runtime client: loads the handler of the asset and asks the Runtime API for work, as
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html describes. Runs in a process that sees the asset's files only.
const path = require('node:path');

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const [file, name] = (process.env._HANDLER ?? '').split('.');

/** @param {string} url @param {unknown} body */
const post = (url, body) => fetch(url, { method: 'POST', body: JSON.stringify(body ?? null) });

/** @param {any} error */
const described = (error) => ({
  errorType: error?.name,
  errorMessage: error?.message,
  trace: `${error?.stack}`.split('\n'),
});

async function main() {
  let handler;
  try {
    handler = require(path.join(process.env.LAMBDA_TASK_ROOT ?? '', `${file}.js`))[name ?? ''];
    // Node 24 on Lambda takes no callback-style handlers.
    if (typeof handler !== 'function' || handler.length > 2)
      throw new Error(`no async handler in ${process.env._HANDLER}`);
  } catch (error) {
    await post(`${api}/init/error`, described(error));
    process.exit(1);
  }
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

void main();
