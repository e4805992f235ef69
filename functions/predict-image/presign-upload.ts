import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

export interface PresignedUpload {
  readonly key: string;
  readonly method: 'PUT';
  readonly url: string;
  /** To be sent as they are: they are part of the signature, so another size or type is refused by S3. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAtEpochMs: number;
}

const VALID_SECONDS = 300;

/**
 * An address that takes one picture of exactly this size and type, for five minutes.
 *
 * @param client made by signingClient: the SDK's default would sign the checksum of an empty body into the address, and servers that check it
 *   would refuse every picture
 * @throws Error when the client has that default
 */
export async function presignUpload(
  client: S3Client,
  request: { readonly bucket: string; readonly key: string; readonly contentType: string; readonly sizeBytes: number },
): Promise<PresignedUpload> {
  const { bucket, key, contentType, sizeBytes } = request;
  if ((await client.config.requestChecksumCalculation()) !== 'WHEN_REQUIRED') {
    throw new Error('expected a client that sums up no absent body, received the default one; use signingClient');
  }
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    ContentType: contentType,
    ContentLength: sizeBytes,
  });
  const signed = new Set(['content-type', 'content-length']);
  const url = await getSignedUrl(client, command, {
    expiresIn: VALID_SECONDS,
    signableHeaders: signed,
    unhoistableHeaders: signed,
  });
  return {
    key,
    method: 'PUT',
    url,
    headers: { 'content-type': contentType, 'content-length': String(sizeBytes) },
    expiresAtEpochMs: Date.now() + VALID_SECONDS * 1000,
  };
}
