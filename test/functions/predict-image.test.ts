import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { ERROR_STATUS } from '../../functions/predict-image/http-error.ts';
import { PREDICTION_ROUTES } from '../../shared/service/prediction-routes.ts';
import { deployFunction } from '../support/aws/deploy-function.ts';
import { FunctionError, type LambdaRuntime } from '../support/aws/lambda-runtime.ts';
import { ResolvedTemplate } from '../support/aws/resolve-template.ts';
import { synthesiseStack } from '../support/aws/synthesised-stack.ts';
import { drawPicture } from '../support/pictures.ts';
import { startS3Emulator } from './s3-emulator.ts';

const BUCKET = 'headstart-test-123456789012-eu-central-1';
const PREDICT = 'POST /datasets/{dataset}/predictions';
const UPLOAD = 'POST /datasets/{dataset}/uploads';
const HYPERPARAMETERS = { epochs: 30, seed: 1 };

let s3: Awaited<ReturnType<typeof startS3Emulator>>;
let embed: LambdaRuntime;
let train: LambdaRuntime;
let predict: LambdaRuntime;
let version: string;

beforeAll(async () => {
  const [stack, emulator] = await Promise.all([synthesiseStack(), startS3Emulator(BUCKET)]);
  s3 = emulator;
  const template = new ResolvedTemplate(stack.template);
  [embed, train, predict] = await Promise.all([
    deployFunction(template, stack.asset, 'embed-images', s3.endpoint),
    deployFunction(template, stack.asset, 'train-head', s3.endpoint),
    deployFunction(template, stack.asset, 'predict-image', s3.endpoint),
  ]);
  const keys = ['red', 'blue'].flatMap((label) =>
    Array.from({ length: 8 }, (_, number) => ({ label, number, Key: `datasets/colours/${label}/${number}.jpg` })),
  );
  for (const { Key, label, number } of keys) await s3.store.put(Key, await drawPicture(label, number));
  await embed.invoke({ Items: keys.map(({ Key }) => ({ Key })) });
  const step = { step: 'train', dataset: 'colours', hyperparameters: HYPERPARAMETERS };
  ({ version } = (await train.invoke(step)) as { readonly version: string });
  await train.invoke({ step: 'promote', dataset: 'colours', version, expected: null });
});
afterAll(async () => {
  await Promise.all([embed.stop(), train.stop(), predict.stop()]);
  await s3.stop();
});

interface Request {
  readonly dataset?: string;
  readonly type?: string;
  readonly body?: Uint8Array | string;
  readonly query?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly error?: { readonly code: string; readonly message: string } };
}

async function ask(routeKey: string, { dataset = 'colours', type, body, query = {} }: Request = {}): Promise<Answer> {
  const response = (await predict.invoke({
    version: '2.0',
    routeKey,
    headers: type === undefined ? {} : { 'Content-Type': type },
    pathParameters: { dataset },
    queryStringParameters: query,
    requestContext: { requestId: 'r1' },
    ...(body !== undefined && { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }),
  })) as { readonly statusCode: number; readonly body: string };
  return { status: response.statusCode, body: JSON.parse(response.body) as Answer['body'] };
}

const refusal = ({ status, body }: Answer) => [status, body.error?.code];

describe('predict-image, from the bundled asset under the Runtime API', () => {
  it('answers with calibrated probabilities, the version and timings', async () => {
    const picture = await drawPicture('blue', 30);
    const { status, body } = await ask(PREDICT, { type: 'image/jpeg', body: picture, query: { top: '2' } });
    expect(status).toBe(200);
    const predictions = body.predictions as readonly { readonly label: string; readonly probability: number }[];
    expect(predictions.map(({ label }) => label).sort()).toEqual(['blue', 'red']);
    expect(predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    expect(body.version).toBe(version);
    expect(Object.keys(body.timings as object).sort()).toEqual(['decodeMs', 'embedMs', 'headMs', 'totalMs']);
  });

  it('answers for a given version, also by the start of its name', async () => {
    const body = await drawPicture('red', 30);
    const answer = await ask(PREDICT, { type: 'image/jpeg', body, query: { version: version.slice(0, 12) } });
    expect(answer.body.version).toBe(version);
  });

  it.each([
    ['no content type', { body: 'x' }, 415, 'unsupported_media_type'],
    ['a text', { type: 'text/plain', body: 'x' }, 415, 'unsupported_media_type'],
    ['a text that calls itself a picture', { type: 'image/png', body: 'no picture' }, 415, 'not_a_picture'],
    ['an empty body', { type: 'image/png' }, 400, 'empty_picture'],
    ['a JSON array', { type: 'application/json', body: '[]' }, 400, 'invalid_json'],
    ['a JSON text', { type: 'application/json', body: '"key"' }, 400, 'invalid_json'],
    ['broken JSON', { type: 'application/json', body: '{' }, 400, 'invalid_json'],
    ['an unknown field', { type: 'application/json', body: '{"url": "http://x"}' }, 400, 'invalid_request'],
    ['JSON that is too long', { type: 'application/json', body: ' '.repeat(20_000) }, 413, 'payload_too_large'],
    ['a picture that is too large', { type: 'image/png', body: 'x'.repeat(4_500_001) }, 413, 'payload_too_large'],
    ['a top of 0', { type: 'image/png', body: 'x', query: { top: '0' } }, 400, 'invalid_request'],
    ['a top of 1e1', { type: 'image/png', body: 'x', query: { top: '1e1' } }, 400, 'invalid_request'],
    ['a hostile dataset', { dataset: '..', type: 'image/png', body: 'x' }, 400, 'invalid_dataset'],
    ['a dataset with a slash', { dataset: 'a/b', type: 'image/png', body: 'x' }, 400, 'invalid_dataset'],
  ] as const)('refuses %s', async (_, request, status, code) => {
    expect(refusal(await ask(PREDICT, request))).toEqual([status, code]);
  });

  it('answers 404 for an unknown dataset, version, upload and route', async () => {
    const body = await drawPicture('red', 1);
    const picture = { type: 'image/jpeg', body };
    expect(refusal(await ask(PREDICT, { ...picture, dataset: 'unknown' }))).toEqual([404, 'not_found']);
    const gone = '20200101T000000Z-abcdef';
    expect(refusal(await ask(PREDICT, { ...picture, query: { version: gone } }))).toEqual([404, 'not_found']);
    const key = JSON.stringify({ key: 'uploads/colours/01ARZ3NDEKTSV4RRFFQ69G5FAV' });
    expect(refusal(await ask(PREDICT, { type: 'application/json', body: key }))).toEqual([404, 'upload_not_found']);
    expect(refusal(await ask('GET /secrets'))).toEqual([404, 'route_not_found']);
    expect(refusal(await ask('GET /datasets/{dataset}/versions', { dataset: 'unknown' }))).toEqual([404, 'not_found']);
  });

  it.each([
    'models/colours/current.json',
    'uploads/other/01ARZ3NDEKTSV4RRFFQ69G5FAV',
    'uploads/colours/../../models/colours/current.json',
    'datasets/colours/red/0.jpg',
    '',
  ])('does not read %j for a caller', async (key) => {
    const answer = await ask(PREDICT, { type: 'application/json', body: JSON.stringify({ key }) });
    expect(refusal(answer)).toEqual([400, 'invalid_key']);
  });

  it('refuses a picture of more pixels than it can hold, by its header alone', async () => {
    const bomb = await sharp({ create: { width: 12_000, height: 12_000, channels: 3, background: 'white' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    const answer = await ask(PREDICT, { type: 'image/png', body: bomb });
    expect(refusal(answer)).toEqual([413, 'too_many_pixels']);
  });

  it('signs an upload for one size and type, below the dataset', async () => {
    const body = JSON.stringify({ contentType: 'image/png', sizeBytes: 12_345 });
    const answer = await ask(UPLOAD, { type: 'application/json', body });
    expect(answer.status).toBe(201);
    expect(answer.body.headers).toEqual({ 'content-type': 'image/png', 'content-length': '12345' });
    const url = new URL(String(answer.body.url));
    expect(url.searchParams.get('X-Amz-SignedHeaders')?.split(';')).toEqual(['content-length', 'content-type', 'host']);
    expect(url.searchParams.get('X-Amz-Expires')).toBe('300');
    expect(answer.body.key).toMatch(/^uploads\/colours\/[0-9A-Z]{26}$/);
  });

  it.each([
    ['a size above the limit', { contentType: 'image/png', sizeBytes: 5_000_000_000 }, 413, 'payload_too_large'],
    ['no size', { contentType: 'image/png' }, 400, 'invalid_request'],
    ['another type', { contentType: 'text/html', sizeBytes: 5 }, 400, 'invalid_request'],
  ] as const)('refuses an upload with %s', async (_, body, status, code) => {
    const answer = await ask(UPLOAD, { type: 'application/json', body: JSON.stringify(body) });
    expect(refusal(answer)).toEqual([status, code]);
  });

  it('answers 500 without detail for a damaged model, keeps the detail in the log, and goes on', async () => {
    await s3.store.put('models/broken/current.json', Buffer.from('{}'));
    const body = await drawPicture('red', 1);
    const answer = await ask(PREDICT, { dataset: 'broken', type: 'image/jpeg', body });
    expect(refusal(answer)).toEqual([500, 'internal_error']);
    expect(answer.body.error?.message).not.toContain('models/');
    expect(predict.log).toContain('damaged_file');
    expect((await ask(PREDICT, { type: 'image/jpeg', body })).status).toBe(200);
  });

  it('answers 409 for a model of another backbone', async () => {
    const stack = await synthesiseStack();
    const template = new ResolvedTemplate(stack.template);
    const other = await deployFunction(template, stack.asset, 'predict-image', s3.endpoint, {
      environment: { HEADSTART_POOLING: 'flatten' },
    });
    const answer = (await other.invoke({
      routeKey: PREDICT,
      headers: { 'content-type': 'image/jpeg' },
      pathParameters: { dataset: 'colours' },
      body: (await drawPicture('red', 1)).toString('base64'),
      isBase64Encoded: true,
    })) as { readonly statusCode: number; readonly body: string };
    await other.stop();
    expect([answer.statusCode, answer.body.includes('backbone_mismatch')]).toEqual([409, true]);
  });

  it('serves an OpenAPI document of exactly its routes and codes', async () => {
    const { status, body } = await ask('GET /openapi.json');
    expect([status, body.openapi]).toEqual([200, '3.1.0']);
    const paths = body.paths as Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string }>>>>;
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => method !== 'parameters')
        .map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${String(operationId)}`),
    );
    expect(routes.sort()).toEqual(
      PREDICTION_ROUTES.map(({ method, path, operation }) => `${method} ${path} ${operation}`).sort(),
    );
    const text = JSON.stringify(body);
    for (const code of Object.keys(ERROR_STATUS)) expect(text).toContain(`"${code}"`);
    for (const [, name = ''] of text.matchAll(/"#\/components\/(?:schemas|responses)\/(\w+)"/g)) {
      const { schemas, responses } = body.components as Record<'schemas' | 'responses', Record<string, unknown>>;
      expect({ ...schemas, ...responses }).toHaveProperty(name);
    }
  });

  it('tells its version, backbone and datasets', async () => {
    expect((await ask('GET /health')).body).toMatchObject({
      status: 'ok',
      backbone: expect.stringContaining('mobilenet') as string,
    });
    const { body } = await ask('GET /datasets');
    expect(body.datasets).toContainEqual({ name: 'colours' });
  });

  it('writes no content of a request into its log', () => {
    expect(predict.log).not.toContain('X-Amz-Signature');
    expect(predict.log).not.toContain('no picture');
    expect(Math.max(...predict.log.split('\n').map((line) => line.length))).toBeLessThan(3000);
  });
});

describe('train-head, from the bundled asset under the Runtime API', () => {
  it.each([
    ['no step', {}],
    ['an unknown step', { step: 'delete', dataset: 'colours' }],
    ['an unknown hyper-parameter', { step: 'train', dataset: 'colours', hyperparameters: { speed: 1 } }],
    ['a hostile dataset', { step: 'train', dataset: '../x' }],
    ['a checkpoint of another dataset', { step: 'train', dataset: 'colours', checkpoint: 'checkpoints/other/1.bin' }],
  ])('refuses %s', async (_, event) => {
    const error: unknown = await train.invoke(event).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FunctionError);
    expect((error as FunctionError).errorType).toBe('InvalidInputError');
  });

  it('trains past a poisoned shard, and names it', async () => {
    const [shard] = await Array.fromAsync(s3.store.list('features/colours/'));
    const poisoned = `${shard?.key.slice(0, shard.key.lastIndexOf('/')) ?? ''}/01ARZ3NDEKTSV4RRFFQ69G5FAV.arrow`;
    await s3.store.put(poisoned, Buffer.from('ARROW1 and then nothing that Arrow would write'));
    const step = { step: 'train', dataset: 'colours', hyperparameters: HYPERPARAMETERS };
    const answer = (await train.invoke(step)) as { readonly status: string; readonly version: string };
    expect(answer.status).toBe('trained');
    const report = await s3.store.get(`models/colours/${answer.version}/report.html`);
    expect(Buffer.from(report?.bytes ?? []).toString()).toContain('01ARZ3NDEKTSV4RRFFQ69G5FAV.arrow');
    await s3.store.delete(poisoned);
  });

  it('stores a checkpoint when its time runs out, and ends with the model of an undisturbed training', async () => {
    const stack = await synthesiseStack();
    const template = new ResolvedTemplate(stack.template);
    // Less than its reserve: it stops after every epoch.
    const hurried = await deployFunction(template, stack.asset, 'train-head', s3.endpoint, { timeoutMs: 85_000 });
    const step = { step: 'train', dataset: 'colours', hyperparameters: { ...HYPERPARAMETERS, epochs: 4 } };
    const whole = (await train.invoke(step)) as { readonly version: string };
    let answer: { readonly status: string; readonly checkpoint?: string; readonly version?: string } = {
      status: 'paused',
    };
    let rounds = 0;
    for (; answer.status === 'paused' && rounds < 10; rounds++) {
      answer = (await hurried.invoke({ ...step, checkpoint: answer.checkpoint })) as typeof answer;
    }
    await hurried.stop();
    expect(rounds).toBe(4);
    const weightsOf = async (name = '') => (await s3.store.get(`models/colours/${name}/head.safetensors`))?.bytes;
    expect(await weightsOf(answer.version)).toEqual(await weightsOf(whole.version));
    expect(await Array.fromAsync(s3.store.list('checkpoints/'))).toEqual([]);
  });

  it('ends with a code of its own when an epoch does not end within an invocation, and leaves nothing behind', async () => {
    const stack = await synthesiseStack();
    const template = new ResolvedTemplate(stack.template);
    const models = async () => (await Array.fromAsync(s3.store.list('models/colours/'))).length;
    const before = await models();
    // Less than it keeps back to say so.
    const late = await deployFunction(template, stack.asset, 'train-head', s3.endpoint, { timeoutMs: 15_000 });
    const step = { step: 'train', dataset: 'colours', hyperparameters: HYPERPARAMETERS };
    const error: unknown = await late.invoke(step).catch((thrown: unknown) => thrown);
    const { log } = late;
    await late.stop();
    expect(error).toBeInstanceOf(FunctionError);
    expect((error as FunctionError).message).toMatch(/an invocation of 15 s, it did not.*--here/);
    expect(log).toContain('"epoch_too_long"');
    expect(await models()).toBe(before);
    expect(await Array.fromAsync(s3.store.list('checkpoints/'))).toEqual([]);
  });
});
