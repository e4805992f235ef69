import { MAX_PICTURE_BYTES } from '../../shared/image/decode-picture.ts';
import { ERROR_STATUS } from './http-error.ts';

/** Lambda takes 6 MB a request, in which a picture of this size stands as base64. */
export const MAX_BODY_BYTES = 4_500_000;
/** More labels in an answer than anybody reads. */
export const MAX_TOP = 100;

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: unknown) => ({ 'application/json': { schema } });
const ok = (description: string, name: string) => ({ description, content: json(ref(name)) });
const text = (description: string) => ({ type: 'string', description });

const refused = (...statuses: readonly number[]) =>
  Object.fromEntries(
    [...statuses, 500].map((status) => [String(status), { $ref: `#/components/responses/Error${status}` }] as const),
  );

const DATASET = {
  name: 'dataset',
  in: 'path',
  required: true,
  schema: { type: 'string', maxLength: 100, pattern: '^[\\p{L}\\p{N}_][\\p{L}\\p{N}._-]*$' },
};

const ERROR_CODES = Object.entries(ERROR_STATUS);
const statuses = [...new Set(ERROR_CODES.map(([, status]) => status))];

/** Served at /openapi.json. Its limits and codes are those that the routes use. */
export const OPENAPI_DOCUMENT = {
  openapi: '3.1.0',
  info: {
    title: 'Headstart predictions',
    version: '1.0.0',
    description: 'Labels of pictures, with calibrated probabilities, from the served models of a team.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  paths: {
    '/datasets/{dataset}/predictions': {
      parameters: [DATASET],
      post: {
        operationId: 'predict',
        summary: 'Labels of one picture',
        parameters: [
          {
            name: 'top',
            in: 'query',
            description: 'How many labels, the most probable first.',
            schema: { type: 'integer', minimum: 1, maximum: MAX_TOP, default: 3 },
          },
          {
            name: 'version',
            in: 'query',
            description: 'A version, the unique start of one, or "current": the one that is served.',
            schema: { type: 'string', default: 'current' },
          },
        ],
        requestBody: {
          required: true,
          description: `A picture of at most ${MAX_BODY_BYTES} bytes, or the key of an uploaded one of at most ${MAX_PICTURE_BYTES}.`,
          content: {
            'image/*': { schema: { type: 'string', contentMediaType: 'image/*' } },
            'application/octet-stream': { schema: { type: 'string', contentMediaType: 'application/octet-stream' } },
            ...json(ref('UploadedPicture')),
          },
        },
        responses: { '200': ok('The labels.', 'Prediction'), ...refused(400, 404, 409, 413, 415) },
      },
    },
    '/datasets/{dataset}/uploads': {
      parameters: [DATASET],
      post: {
        operationId: 'createUpload',
        summary: 'An address for one large picture',
        description:
          'PUT the picture to the address, with the headers of the answer as they are, and then ask by its key.',
        requestBody: { required: true, content: json(ref('UploadRequest')) },
        responses: { '201': ok('The address.', 'Upload'), ...refused(400, 413, 415) },
      },
    },
    '/datasets': {
      get: {
        operationId: 'listDatasets',
        summary: 'Datasets that have models',
        responses: { '200': ok('Their names.', 'Datasets'), ...refused() },
      },
    },
    '/datasets/{dataset}/versions': {
      parameters: [DATASET],
      get: {
        operationId: 'listVersions',
        summary: 'Versions of a model, the newest first',
        responses: { '200': ok('At most 100 of them.', 'Versions'), ...refused(400, 404) },
      },
    },
    '/health': {
      get: {
        operationId: 'readHealth',
        summary: 'Whether the backbone is loaded',
        responses: { '200': ok('It is.', 'Health'), ...refused() },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'readOpenApi',
        summary: 'This document',
        responses: { '200': { description: 'OpenAPI 3.1.', content: json({ type: 'object' }) }, ...refused() },
      },
    },
  },
  components: {
    responses: Object.fromEntries(
      statuses.map((status) => {
        const codes = ERROR_CODES.filter(([, of]) => of === status).map(([code]) => code);
        return [`Error${status}`, { description: `Code ${codes.join(', ')}.`, content: json(ref('Error')) }] as const;
      }),
    ),
    schemas: {
      Error: object({
        error: object({
          code: { type: 'string', enum: ERROR_CODES.map(([code]) => code) },
          message: text('For people; may change.'),
          requestId: text('As in the log.'),
        }),
      }),
      UploadedPicture: {
        ...object({ key: text('As answered by POST /datasets/{dataset}/uploads.') }),
        additionalProperties: false,
      },
      UploadRequest: {
        ...object({
          contentType: { type: 'string', pattern: '^image/[a-z0-9.+-]{1,40}$' },
          sizeBytes: { type: 'integer', minimum: 1, maximum: MAX_PICTURE_BYTES },
        }),
        additionalProperties: false,
      },
      Upload: object({
        key: text('To ask by.'),
        method: { const: 'PUT' },
        url: text('Signed; treat it as a secret until it expires.'),
        headers: { type: 'object', additionalProperties: { type: 'string' } },
        expiresAtEpochMs: { type: 'integer' },
      }),
      Prediction: object({
        dataset: text('As asked.'),
        version: text('The version that answered.'),
        predictions: {
          type: 'array',
          items: object({
            label: text('A folder of the dataset.'),
            probability: {
              type: 'number',
              minimum: 0,
              maximum: 1,
              description: 'Calibrated; over all labels they sum to 1.',
            },
          }),
        },
        timings: object({
          decodeMs: { type: 'number' },
          embedMs: { type: 'number' },
          headMs: { type: 'number' },
          totalMs: { type: 'number' },
        }),
      }),
      Datasets: object({ datasets: { type: 'array', items: object({ name: text('As in the other routes.') }) } }),
      Versions: object({
        dataset: text('As asked.'),
        versions: {
          type: 'array',
          items: {
            type: 'object',
            required: ['version', 'isCurrent', 'isDamaged'],
            properties: {
              version: text('Sorts by time.'),
              isCurrent: { type: 'boolean' },
              isDamaged: { type: 'boolean', description: 'Its files cannot be read; the fields below are left out.' },
              createdAt: { type: 'string', format: 'date-time' },
              labels: { type: 'array', items: { type: 'string' } },
              accuracy: {
                type: ['number', 'null'],
                description: 'On held-out pictures; null when none were held out.',
              },
            },
          },
        },
      }),
      Health: object({ status: { const: 'ok' }, headstart: text('Version of the code.'), backbone: text('Its id.') }),
    },
  },
};

/** With every field required. */
function object(properties: Readonly<Record<string, unknown>>) {
  return { type: 'object', required: Object.keys(properties), properties };
}
