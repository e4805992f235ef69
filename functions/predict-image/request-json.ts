import { z } from 'zod';
import { requestError } from './http-error.ts';

/** A JSON body of ours is a few hundred bytes. */
const MAX_JSON_BYTES = 16 * 1024;

/** @throws HeadstartError `invalid_json` for what is no JSON object, `invalid_request` naming each field that does not fit */
export function parseJsonBody<T>(body: Uint8Array, schema: z.ZodType<T>): T {
  if (body.length > MAX_JSON_BYTES) {
    throw requestError(
      'payload_too_large',
      `expected at most ${MAX_JSON_BYTES} bytes of JSON, received ${body.length}`,
    );
  }
  const value = jsonOf(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw requestError('invalid_json', 'expected a JSON object as the body; see /openapi.json');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
  throw requestError('invalid_request', `expected another body: ${problems}; see /openapi.json`);
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    return null;
  }
}
