import { HeadstartError, NotFoundError } from '../../shared/errors.ts';
import { UnusablePictureError, type UnusableReason } from '../../shared/image/picture.ts';
import { errorFields, log } from '../../shared/service/log.ts';
import { jsonResponse, type HttpResponse } from './http-event.ts';

/** Every code that a caller can meet, with its status. What is not here is a fault of ours: 500, with the detail in the log only. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_json: 400,
  invalid_dataset: 400,
  invalid_key: 400,
  invalid_input: 400,
  empty_picture: 400,
  damaged_picture: 400,
  not_found: 404,
  upload_not_found: 404,
  route_not_found: 404,
  backbone_mismatch: 409,
  payload_too_large: 413,
  too_many_pixels: 413,
  unsupported_media_type: 415,
  not_a_picture: 415,
  unsupported_format: 415,
  internal_error: 500,
} as const;
export type ErrorCode = keyof typeof ERROR_STATUS;

/** A mistake of the caller, found by a route. */
export function requestError(code: ErrorCode, message: string): HeadstartError {
  return new HeadstartError(code, message);
}

const PICTURE_CODES: Readonly<Record<UnusableReason, ErrorCode>> = {
  'empty-file': 'empty_picture',
  'not-a-picture': 'not_a_picture',
  'damaged-picture': 'damaged_picture',
  'too-many-pixels': 'too_many_pixels',
  'too-many-bytes': 'payload_too_large',
  'unsupported-format': 'unsupported_format',
};

/** The one place where errors become answers. */
export function errorResponse(error: unknown, requestId: string, route: string): HttpResponse {
  const code = codeOf(error);
  const status = ERROR_STATUS[code];
  const isOurs = status >= 500;
  log(isOurs ? 'error' : 'info', 'request refused', {
    requestId,
    route,
    status,
    answered: code,
    ...errorFields(error),
  });
  const message = isOurs || !(error instanceof Error) ? 'the request could not be answered; try again' : error.message;
  return jsonResponse(status, { error: { code, message, requestId } });
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof UnusablePictureError) return PICTURE_CODES[error.reason];
  if (!(error instanceof HeadstartError)) return 'internal_error';
  if (error instanceof NotFoundError && error.code === 'not_found') return 'not_found';
  return isErrorCode(error.code) ? error.code : 'internal_error';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_STATUS, code);
}
