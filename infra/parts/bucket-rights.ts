import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { PREFIXES } from './dataset-bucket.ts';

type Prefix = (typeof PREFIXES)[keyof typeof PREFIXES];

/** What a function may do, by the parts of the bucket. */
export interface BucketRights {
  readonly read?: readonly Prefix[];
  readonly write?: readonly Prefix[];
  readonly remove?: readonly Prefix[];
  /** Where it writes objects that are large enough to be sent in parts (shared/storage/s3-multipart.ts): what has arrived of a failed one is removed. */
  readonly abort?: readonly Prefix[];
  readonly list: readonly Prefix[];
}

/** One statement for each action, with no other action in it. */
export function bucketStatements(
  bucket: Bucket,
  { read, write, remove, abort, list }: BucketRights,
): PolicyStatement[] {
  const objects = (sid: string, action: string, prefixes: readonly Prefix[] = []) =>
    prefixes.length === 0
      ? []
      : [
          new PolicyStatement({
            sid,
            actions: [action],
            resources: prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
          }),
        ];
  return [
    ...objects('ReadObjects', 's3:GetObject', read),
    ...objects('WriteObjects', 's3:PutObject', write),
    ...objects('RemoveObjects', 's3:DeleteObject', remove),
    ...objects('AbortUploads', 's3:AbortMultipartUpload', abort),
    new PolicyStatement({
      sid: 'ListObjects',
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      // A read of an absent object asks for this right too, without a prefix, and without it is answered by 403 instead of 404.
      conditions: { StringLikeIfExists: { 's3:prefix': list.map((prefix) => `${prefix}*`) } },
    }),
  ];
}
