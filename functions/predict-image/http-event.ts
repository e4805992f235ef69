import { z } from 'zod';

/** What API Gateway's HTTP API sends (payload format 2.0), as far as it is used. */
const HTTP_EVENT = z.object({
  routeKey: z.string(),
  rawPath: z.string().default(''),
  headers: z.record(z.string(), z.string()).default({}),
  pathParameters: z.record(z.string(), z.string()).default({}),
  queryStringParameters: z.record(z.string(), z.string()).default({}),
  requestContext: z.object({ requestId: z.string().default('') }).default({ requestId: '' }),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().default(false),
});

export interface HttpRequest {
  /** `POST /datasets/{dataset}/predictions`. */
  readonly route: string;
  readonly requestId: string;
  /** In lower case, without parameters; empty when none was sent. */
  readonly mediaType: string;
  readonly path: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @throws ZodError when the event is not of an HTTP API */
export function parseHttpEvent(event: unknown): HttpRequest {
  const parsed = HTTP_EVENT.parse(event);
  const headers = new Map(Object.entries(parsed.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const [mediaType = ''] = (headers.get('content-type') ?? '').split(';');
  return {
    route: parsed.routeKey,
    requestId: parsed.requestContext.requestId,
    mediaType: mediaType.trim().toLowerCase(),
    path: parsed.pathParameters,
    query: parsed.queryStringParameters,
    body: Buffer.from(parsed.body ?? '', parsed.isBase64Encoded ? 'base64' : 'utf8'),
  };
}

export function jsonResponse(statusCode: number, content: unknown): HttpResponse {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  return { statusCode, headers, body: JSON.stringify(content) };
}
