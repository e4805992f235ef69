import type { S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { Backbone } from '../../shared/backbone/backbone.ts';
import { NotFoundError, type HeadstartError } from '../../shared/errors.ts';
import { MAX_PICTURE_BYTES } from '../../shared/image/decode-picture.ts';
import { UnusablePictureError } from '../../shared/image/picture.ts';
import { listModelDatasets } from '../../shared/registry/list-model-datasets.ts';
import { ModelRegistry } from '../../shared/registry/model-registry.ts';
import type { PredictionOperation } from '../../shared/service/prediction-routes.ts';
import type { ServedHeads } from '../../shared/service/served-heads.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';
import { headstartVersion } from '../../shared/version.ts';
import { assertDatasetName } from '../../shared/workflow/bucket-workspace.ts';
import { classifyPictures } from '../../shared/workflow/classify.ts';
import { requestError } from './http-error.ts';
import type { HttpRequest } from './http-event.ts';
import { MAX_BODY_BYTES, MAX_TOP, OPENAPI_DOCUMENT } from './openapi.ts';
import { presignUpload } from './presign-upload.ts';
import { parseJsonBody } from './request-json.ts';
import { assertUploadKey, newUploadKey } from './upload-key.ts';

/** What was made once for the process. */
export interface Service {
  readonly bucket: string;
  readonly client: S3Client;
  readonly store: ObjectStore;
  readonly backbone: Backbone;
  readonly heads: ServedHeads;
}

export interface Answer {
  readonly status: number;
  readonly content: unknown;
}

/** One function for each operation of PREDICTION_ROUTES. */
export const OPERATIONS: Readonly<
  Record<PredictionOperation, (service: Service, request: HttpRequest) => Promise<Answer>>
> = { predict, createUpload, listDatasets, listVersions, readHealth, readOpenApi };

/** More than anybody looks at; the rest stays in the bucket. */
const MAX_VERSIONS = 100;

async function predict(service: Service, request: HttpRequest): Promise<Answer> {
  const startMs = performance.now();
  const dataset = datasetOf(request);
  const top = topOf(request);
  const { version = 'current' } = request.query;
  const picture = await pictureOf(service, dataset, request);
  const head = await service.heads.get(dataset, version);
  const [answer] = await classifyPictures(service.backbone, head, [picture], { top });
  if (answer === undefined || 'refused' in answer) {
    throw new UnusablePictureError(answer?.refused.reason ?? 'damaged-picture', answer?.refused.message ?? '');
  }
  const { predictions, timings } = answer;
  const rounded = Object.entries({ ...timings, totalMs: performance.now() - startMs }).map(
    ([name, value]) => [name, Math.round(value * 10) / 10] as const,
  );
  return {
    status: 200,
    content: { dataset, version: head.version, predictions, timings: Object.fromEntries(rounded) },
  };
}

async function pictureOf({ store }: Service, dataset: string, { mediaType, body }: HttpRequest) {
  if (mediaType === 'application/json') {
    const { key } = parseJsonBody(body, z.strictObject({ key: z.string() }));
    assertUploadKey(key, dataset);
    return { name: key, bytes: await readUpload(store, key) };
  }
  if (!mediaType.startsWith('image/') && mediaType !== 'application/octet-stream') {
    const received = mediaType === '' ? 'none' : mediaType.slice(0, 100);
    throw requestError(
      'unsupported_media_type',
      `expected content-type image/*, application/octet-stream or application/json, received ${received}`,
    );
  }
  if (body.length > MAX_BODY_BYTES)
    throw tooLarge(MAX_BODY_BYTES, body.length, `POST /datasets/${dataset}/uploads takes larger ones`);
  return { name: 'body', bytes: body };
}

async function readUpload(store: ObjectStore, key: string): Promise<Uint8Array> {
  const info = await store.head(key);
  if (info !== null && info.sizeBytes > MAX_PICTURE_BYTES)
    throw tooLarge(MAX_PICTURE_BYTES, info.sizeBytes, 'save it smaller');
  const stored = info === null ? null : await store.get(key);
  if (stored !== null) return stored.bytes;
  throw requestError(
    'upload_not_found',
    `expected an uploaded picture at ${key}, found none; uploads are kept for a day`,
  );
}

async function createUpload({ bucket, client }: Service, request: HttpRequest): Promise<Answer> {
  const dataset = datasetOf(request);
  if (request.mediaType !== 'application/json') {
    throw requestError(
      'unsupported_media_type',
      'expected content-type application/json with contentType and sizeBytes',
    );
  }
  const schema = z.strictObject({
    contentType: z.string().regex(/^image\/[a-z0-9.+-]{1,40}$/),
    sizeBytes: z.int().positive(),
  });
  const { contentType, sizeBytes } = parseJsonBody(request.body, schema);
  if (sizeBytes > MAX_PICTURE_BYTES) throw tooLarge(MAX_PICTURE_BYTES, sizeBytes, 'save it smaller');
  const key = newUploadKey(dataset);
  return { status: 201, content: await presignUpload(client, { bucket, key, contentType, sizeBytes }) };
}

async function listDatasets({ store }: Service): Promise<Answer> {
  const names = await listModelDatasets(store);
  return { status: 200, content: { datasets: names.map((name) => ({ name })) } };
}

async function listVersions({ store }: Service, request: HttpRequest): Promise<Answer> {
  const dataset = datasetOf(request);
  const entries = await new ModelRegistry(store, dataset).list();
  if (entries.length === 0)
    throw new NotFoundError(`expected models of the dataset "${dataset}", found none; see GET /datasets`);
  const versions = entries.slice(0, MAX_VERSIONS).map((entry) => {
    const { version, isCurrent } = entry;
    if (!('manifest' in entry)) return { version, isCurrent, isDamaged: true };
    const { createdAt, labels, metrics } = entry.manifest;
    return { version, isCurrent, isDamaged: false, createdAt, labels, accuracy: metrics?.accuracy ?? null };
  });
  return { status: 200, content: { dataset, versions } };
}

function readHealth({ backbone }: Service): Promise<Answer> {
  const content = { status: 'ok', headstart: headstartVersion(), backbone: backbone.installed.id };
  return Promise.resolve({ status: 200, content });
}

function readOpenApi(): Promise<Answer> {
  return Promise.resolve({ status: 200, content: OPENAPI_DOCUMENT });
}

function datasetOf({ path }: HttpRequest): string {
  const dataset = path.dataset ?? '';
  assertDatasetName(dataset);
  return dataset;
}

function topOf({ query }: HttpRequest): number {
  const { top: text = '3' } = query;
  const top = Number(text);
  if (/^\d+$/.test(text) && top >= 1 && top <= MAX_TOP) return top;
  throw requestError(
    'invalid_request',
    `expected a whole number from 1 to ${MAX_TOP} for top, received ${JSON.stringify(text.slice(0, 20))}`,
  );
}

function tooLarge(limit: number, received: number, advice: string): HeadstartError {
  return requestError(
    'payload_too_large',
    `expected a picture of at most ${limit} bytes, received ${received}; ${advice}`,
  );
}
