import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectInfo } from './object-store.ts';

/** One bucket, and what is known of it. */
export class S3Bucket {
  readonly client: S3Client;
  readonly name: string;
  /** For messages. */
  readonly location: string;
  /** An answer has shown that there is such a bucket: from then on 404 means the object. */
  isKnownToExist = false;

  constructor(client: S3Client, name: string) {
    this.client = client;
    this.name = name;
    this.location = `s3://${name}`;
  }
}

export function infoOf(key: string, sizeBytes = 0, eTag?: string, modified?: Date): ObjectInfo {
  return { key, sizeBytes, eTag: bare(eTag), lastModifiedEpochMs: modified?.getTime() ?? 0 };
}

/** Without the quotes of HTTP. */
export function bare(eTag = ''): string {
  return eTag.replaceAll('"', '');
}
