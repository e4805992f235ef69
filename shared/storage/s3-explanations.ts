const SIGN_IN = 'sign in again (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';

/** What went wrong, of all that the SDK throws. */
export interface S3Fault {
  /** As S3 or the SDK calls it: `NoSuchBucket`, `ECONNRESET`. */
  readonly name: string;
  /** Of HTTP; null when there was no answer. */
  readonly status: number | null;
  readonly message: string;
  /** Where the bucket is, when the answer says so. */
  readonly bucketRegion: string | null;
}

export interface S3Explanation {
  readonly code: string;
  readonly message: string;
  /** `input`: the caller can correct it, by another setting or name. */
  readonly kind: 'input' | 'missing' | 'other';
}

export type ExplainS3Fault = (location: string, fault: S3Fault) => S3Explanation;

const missingBucket: ExplainS3Fault = (location) => ({
  code: 'not_found',
  message: `expected a bucket at ${location}, found none; check its name and the account that you are signed in to`,
  kind: 'missing',
});
const accessDenied: ExplainS3Fault = (location) => ({
  code: 'access_denied',
  message:
    `expected the right to use ${location}, was refused; ask for s3:ListBucket, s3:GetObject, s3:PutObject, ` +
    's3:DeleteObject and s3:AbortMultipartUpload on it',
  kind: 'other',
});
const expired: ExplainS3Fault = (location) => ({
  code: 'credentials_expired',
  message: `expected AWS credentials for ${location} that are still valid, received expired ones; ${SIGN_IN}`,
  kind: 'input',
});
const rejected: ExplainS3Fault = (location, { name }) => ({
  code: 'invalid_credentials',
  message: `expected valid AWS credentials for ${location}, received ${name}; ${SIGN_IN}`,
  kind: 'input',
});
const noCredentials: ExplainS3Fault = (location, fault) =>
  /expired|aws sso login/i.test(fault.message)
    ? expired(location, fault)
    : {
        code: 'credentials_missing',
        message: `expected AWS credentials for ${location}, found none; sign in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
        kind: 'input',
      };
const wrongRegion: ExplainS3Fault = (location, { bucketRegion }) => ({
  code: 'wrong_region',
  message:
    bucketRegion === null
      ? `expected the region of ${location}, asked another one; set AWS_REGION to the region of the bucket`
      : `expected the region of ${location}, asked another one; set AWS_REGION=${bucketRegion}`,
  kind: 'input',
});
const noRegion: ExplainS3Fault = (location) => ({
  code: 'region_missing',
  message: `expected a region for ${location}, received none; set AWS_REGION`,
  kind: 'input',
});
const wrongClock: ExplainS3Fault = (location) => ({
  code: 'clock_skewed',
  message: `expected ${location} to accept the time of this computer, it differs by more than 15 minutes; set the clock and try again`,
  kind: 'input',
});
const longKey: ExplainS3Fault = (location) => ({
  code: 'invalid_key',
  message: `expected a name that ${location} can hold, it is too long; use a shorter one`,
  kind: 'input',
});
const unreachable: ExplainS3Fault = (location, { name, status }) => ({
  code: 'io_error',
  message: `expected an answer of ${location}, received ${status === null ? name : `${status} ${name}`}; check the network, AWS_REGION and AWS_ENDPOINT_URL_S3, and try again`,
  kind: 'other',
});
const refused: ExplainS3Fault = (location, { name, status, message }) => ({
  code: 's3_refused',
  message: `expected ${location} to do what was asked, received ${status ?? 'no status'} ${name}: ${message}; see the list of S3's error codes`,
  kind: 'other',
});

/** By the name that S3 or the SDK gives a fault. */
const BY_NAME = new Map<string, ExplainS3Fault>([
  ['NoSuchBucket', missingBucket],
  ...named(accessDenied, 'AccessDenied', 'AllAccessDisabled', 'Forbidden', '403'),
  ...named(expired, 'ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'),
  ...named(rejected, 'InvalidAccessKeyId', 'InvalidToken', 'SignatureDoesNotMatch', 'InvalidSecurity'),
  ...named(noCredentials, 'CredentialsProviderError', 'TokenProviderError'),
  ...named(wrongRegion, 'PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed'),
  ...named(wrongRegion, 'IllegalLocationConstraintException'),
  ['RequestTimeTooSkewed', wrongClock],
  ['KeyTooLongError', longKey],
  ...named(unreachable, 'SlowDown', 'RequestTimeout', 'TimeoutError', 'ServiceUnavailable', 'InternalError'),
]);

function named(explain: ExplainS3Fault, ...names: readonly string[]): [string, ExplainS3Fault][] {
  return names.map((name) => [name, explain]);
}

/** Of Node.js, for a connection that could not be made or was lost. */
const NETWORK_CODES = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
]);

/** @returns null for what is no fault of S3, of the network or of the credentials */
export function explanationOf(fault: S3Fault): ExplainS3Fault | null {
  const { name, status, message } = fault;
  const known = BY_NAME.get(name);
  if (known !== undefined) return known;
  if (/region is missing/i.test(message)) return noRegion;
  if (status === null) return NETWORK_CODES.has(name) ? unreachable : null;
  if (status === 301 || status === 307) return wrongRegion;
  if (status >= 500 || status === 408 || status === 429) return unreachable;
  return status === 403 ? accessDenied : refused;
}
