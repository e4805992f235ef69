import { S3ServiceException } from '@aws-sdk/client-s3';
import { HeadstartError, InvalidInputError, NotFoundError } from '../errors.ts';
import { explanationOf, type S3Fault } from './s3-explanations.ts';

/**
 * The same fault as an error that names the bucket and says what to do; `io_error` when it may be gone a moment later. What is no fault of S3, of
 * the network or of the credentials comes back as it was.
 */
export function explainS3Error(error: unknown, location: string): unknown {
  if (!(error instanceof Error) || error instanceof HeadstartError || error.name === 'AbortError') return error;
  const fault = faultOf(error);
  const explanation = explanationOf(fault)?.(location, fault);
  if (explanation === undefined) return error;
  const { code, message, kind } = explanation;
  const options = { code, cause: plainCause(error) };
  switch (kind) {
    case 'missing':
      return new NotFoundError(message, options);
    case 'input':
      return new InvalidInputError(message, options);
    case 'other':
      return new HeadstartError(code, message, options);
  }
}

/** Of the answer, by HTTP; null when there was none. */
export function statusOf(error: unknown): number | null {
  if (error instanceof S3ServiceException) return error.$metadata.httpStatusCode ?? null;
  // An answer that is not S3's, such as the page of a proxy, is an error of its parser.
  const answer = error instanceof Error && '$response' in error ? error.$response : null;
  if (typeof answer !== 'object' || answer === null || !('statusCode' in answer)) return null;
  return typeof answer.statusCode === 'number' ? answer.statusCode : null;
}

/** Told by S3 in so many words: a bare 404 may be of the bucket, of an upload, or of a proxy. */
export function isAbsentObject(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'NoSuchKey';
}

/**
 * What may be shown of an error of the SDK. The error itself carries the whole answer, in which S3 repeats the access key, the session token and
 * the text that was signed.
 */
export function plainCause(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('unknown fault');
  const requestId = error instanceof S3ServiceException ? error.$metadata.requestId : undefined;
  const text = `${error.name}: ${withoutAccessKeys(error.message)}`;
  return new Error(requestId === undefined ? text : `${text} (request ${requestId})`);
}

function faultOf(error: Error): S3Fault {
  return {
    name: 'code' in error && typeof error.code === 'string' ? error.code : error.name,
    status: statusOf(error),
    message: withoutAccessKeys(error.message),
    bucketRegion: bucketRegionOf(error),
  };
}

function bucketRegionOf(error: Error): string | null {
  const header = error instanceof S3ServiceException ? error.$response?.headers['x-amz-bucket-region'] : undefined;
  const named = header ?? /expecting '([a-z0-9-]+)'/.exec(error.message)?.[1];
  return named !== undefined && /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(named) ? named : null;
}

function withoutAccessKeys(message: string): string {
  return message.replaceAll(/\b(A[KS]IA)[A-Z0-9]{12,}\b/g, '$1…');
}
