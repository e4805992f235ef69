import { HeadstartError, InvalidInputError, NotFoundError } from '../errors.ts';

/** What to do about a refusal of S3 or of the SDK, by the name of its error. */
const CREDENTIALS_HELP =
  'sign in again (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
const CREDENTIAL_ERRORS = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);

/** The same fault in words that say what to do; anything else comes back as it was. */
export function explainS3Error(error: unknown, location: string): unknown {
  if (!(error instanceof Error) || error instanceof HeadstartError) return error;
  const { name } = error;
  const cause = { cause: error };
  if (name === 'NoSuchBucket') {
    return new NotFoundError(`expected a bucket at ${location}, found none; check its name and AWS_REGION`, cause);
  }
  if (name === 'AccessDenied' || name === 'Forbidden' || name === '403') {
    return new HeadstartError(
      'access_denied',
      `expected the right to use ${location}, was refused; ask for s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject on it`,
      cause,
    );
  }
  if (CREDENTIAL_ERRORS.has(name)) {
    return new InvalidInputError(
      `expected valid AWS credentials for ${location}, received ${name}; ${CREDENTIALS_HELP}`,
      {
        ...cause,
        code: 'invalid_credentials',
      },
    );
  }
  if (/region is missing/i.test(error.message)) {
    return new InvalidInputError(`expected a region for ${location}, received none; set AWS_REGION`, {
      ...cause,
      code: 'region_missing',
    });
  }
  return error;
}
