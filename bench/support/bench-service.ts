import { deployFunction } from '../../test/support/aws/deploy-function.ts';
import type { LambdaRuntime } from '../../test/support/aws/lambda-runtime.ts';
import { ResolvedTemplate } from '../../test/support/aws/resolve-template.ts';
import { synthesiseStack } from '../../test/support/aws/synthesised-stack.ts';
import { drawPicture } from '../../test/support/pictures.ts';
import { startS3Emulator } from '../../test/functions/s3-emulator.ts';
import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';

const BUCKET = 'headstart-test-123456789012-eu-central-1';
export const FIRST_DATASET = 'dataset-0';

/** The bundled functions of a synthesised stack, on a local S3 server that holds datasets with a served model each. */
export interface BenchService {
  /** Bundled: the folder that is uploaded. */
  readonly asset: string;
  startPredict(): Promise<LambdaRuntime>;
  /** In this process, for comparison. */
  readonly memoryMb: number;
  stop(): Promise<void>;
}

/** Embeds, trains and promotes one dataset by the real functions; the others get copies of its model. */
export async function startBenchService(backbone: InstalledBackbone, datasetCount: number): Promise<BenchService> {
  const [{ template, asset }, s3] = await Promise.all([synthesiseStack({}, () => backbone), startS3Emulator(BUCKET)]);
  const resolved = new ResolvedTemplate(template);
  const [embed, train] = await Promise.all([
    deployFunction(resolved, asset, 'embed-images', s3.endpoint),
    deployFunction(resolved, asset, 'train-head', s3.endpoint),
  ]);
  const pictures = ['red', 'blue'].flatMap((label) =>
    Array.from({ length: 8 }, (_, number) => ({
      label,
      number,
      Key: `datasets/${FIRST_DATASET}/${label}/${number}.jpg`,
    })),
  );
  for (const { Key, label, number } of pictures) await s3.store.put(Key, await drawPicture(label, number));
  await embed.invoke({ Items: pictures.map(({ Key }) => ({ Key })) });
  const step = { step: 'train', dataset: FIRST_DATASET, hyperparameters: { epochs: 5, seed: 1 } };
  const { version } = (await train.invoke(step)) as { readonly version: string };
  await train.invoke({ step: 'promote', dataset: FIRST_DATASET, version, expected: null });
  await Promise.all([embed.stop(), train.stop()]);
  await copyModel(s3.store, datasetCount);
  return {
    asset,
    memoryMb: Number(resolved.properties('AWS::Lambda::Function', 'predict-image').MemorySize),
    startPredict: () => deployFunction(resolved, asset, 'predict-image', s3.endpoint),
    stop: () => s3.stop(),
  };
}

type Store = Awaited<ReturnType<typeof startS3Emulator>>['store'];

async function copyModel(store: Store, datasetCount: number): Promise<void> {
  const prefix = `models/${FIRST_DATASET}/`;
  const objects: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  for await (const { key } of store.list(prefix)) {
    const object = await store.get(key);
    if (object !== null) objects.push({ name: key.slice(prefix.length), bytes: object.bytes });
  }
  for (let i = 1; i < datasetCount; i++) {
    await Promise.all(objects.map(({ name, bytes }) => store.put(`models/dataset-${i}/${name}`, bytes)));
  }
}

/** As the HTTP API hands it over. @throws when the answer is not a prediction */
export function askForPrediction(predict: LambdaRuntime, dataset: string, picture: Uint8Array): Promise<void> {
  return send(predict, 'POST /datasets/{dataset}/predictions', dataset, picture, 200);
}

/** The same bytes to a route that does not exist: what the way to the function and back costs, without an answer. */
export function askForNothing(predict: LambdaRuntime, dataset: string, picture: Uint8Array): Promise<void> {
  return send(predict, 'POST /nothing', dataset, picture, 404);
}

async function send(
  predict: LambdaRuntime,
  routeKey: string,
  dataset: string,
  picture: Uint8Array,
  expected: number,
): Promise<void> {
  const response = (await predict.invoke({
    version: '2.0',
    routeKey,
    headers: { 'Content-Type': 'image/jpeg' },
    pathParameters: { dataset },
    queryStringParameters: {},
    requestContext: { requestId: 'bench' },
    body: Buffer.from(picture).toString('base64'),
    isBase64Encoded: true,
  })) as { readonly statusCode: number; readonly body: string };
  if (response.statusCode !== expected)
    throw new Error(`expected status ${expected} of ${routeKey} for ${dataset}, received ${response.body}`);
}
