import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { HeadstartError } from '../errors.ts';
import { bare, type S3Bucket } from './s3-bucket.ts';

export interface S3MultipartLimits {
  /** Objects of more bytes are sent in parts. S3 takes 5 GB at most in one piece. @default 64 MiB */
  readonly thresholdBytes: number;
  /** What is sent again after a fault. S3 takes 5 MiB or more; raised where the object would have more than 10,000. @default 16 MiB */
  readonly partBytes: number;
  /** Parts on the way at a time, 1 or more. They are views of the caller's bytes: no copy is made. @default 4 */
  readonly concurrency: number;
}

const MIB = 1024 * 1024;
export const S3_MULTIPART_LIMITS: S3MultipartLimits = {
  thresholdBytes: 64 * MIB,
  partBytes: 16 * MIB,
  concurrency: 4,
};

/** Of S3. */
const MAX_PARTS = 10_000;

export interface S3Write {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly condition: { readonly IfMatch?: string; readonly IfNoneMatch?: string };
}

/** The last step failed: the object may be there all the same, with this eTag. */
export class UncertainUploadError extends HeadstartError {
  readonly eTag: string;

  constructor(key: string, eTag: string, cause: unknown) {
    super('upload_uncertain', `expected the parts of "${key}" to be put together, the answer was no success`, {
      cause,
    });
    this.eTag = eTag;
  }
}

/**
 * Sends one object in parts that become visible all at once, under the condition. When a part fails, the others are stopped and what has
 * arrived is removed: nothing of it is ever visible, or paid for longer than that takes (should the removal fail too, the bucket's lifecycle
 * rule does it a day later).
 *
 * @returns the eTag
 * @throws UncertainUploadError when the last step failed; the fault of the first part that failed
 */
export async function uploadInParts(bucket: S3Bucket, write: S3Write, limits: S3MultipartLimits): Promise<string> {
  const object = { Bucket: bucket.name, Key: write.key };
  const { UploadId } = await bucket.client.send(
    new CreateMultipartUploadCommand({ ...object, ContentType: write.contentType, ChecksumAlgorithm: 'CRC32' }),
  );
  const upload = { ...object, UploadId };
  try {
    const parts = await sendParts(bucket, upload, write.bytes, limits);
    return await complete(bucket, upload, write, parts);
  } catch (error) {
    // The first fault is the one to tell; the lifecycle rule stands behind this.
    await bucket.client.send(new AbortMultipartUploadCommand(upload)).catch(() => null);
    throw error;
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

async function sendParts(
  { client }: S3Bucket,
  upload: Upload,
  bytes: Uint8Array,
  { partBytes, concurrency }: S3MultipartLimits,
): Promise<CompletedPart[]> {
  const sizeBytes = Math.max(partBytes, Math.ceil(bytes.length / MAX_PARTS));
  const count = Math.ceil(bytes.length / sizeBytes);
  const parts: CompletedPart[] = [];
  const stop = new AbortController();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count && !stop.signal.aborted) {
      const index = next++;
      const PartNumber = index + 1;
      const Body = bytes.subarray(index * sizeBytes, (index + 1) * sizeBytes);
      const part = new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: 'CRC32' });
      const { ETag, ChecksumCRC32 } = await client.send(part, { abortSignal: stop.signal });
      parts[index] = { PartNumber, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) };
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, count) }, async () => {
    try {
      await work();
    } catch (error) {
      // The first fault stays the reason; the others are told to stop by it.
      stop.abort(error);
    }
  });
  // All of them come to rest first: a part that arrives behind the removal would stay, and cost.
  await Promise.all(workers);
  stop.signal.throwIfAborted();
  return parts;
}

async function complete(bucket: S3Bucket, upload: Upload, write: S3Write, parts: CompletedPart[]): Promise<string> {
  const request = new CompleteMultipartUploadCommand({
    ...upload,
    ...write.condition,
    MultipartUpload: { Parts: parts },
    MpuObjectSize: write.bytes.length,
  });
  try {
    return bare((await bucket.client.send(request)).ETag);
  } catch (error) {
    throw new UncertainUploadError(write.key, eTagOfParts(parts), error);
  }
}

/** As S3 makes it: the MD5 of the parts' MD5s, and their number. */
function eTagOfParts(parts: readonly CompletedPart[]): string {
  const hash = createHash('md5');
  for (const { ETag } of parts) hash.update(Buffer.from(bare(ETag), 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}
