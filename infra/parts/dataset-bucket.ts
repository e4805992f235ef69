import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Removal } from '../team-settings.ts';

/** The parts of the bucket, as in docs/architecture.md. Rights are given by them. */
export const PREFIXES = {
  datasets: 'datasets/',
  features: 'features/',
  rejects: 'rejects/',
  models: 'models/',
  uploads: 'uploads/',
  checkpoints: 'checkpoints/',
} as const;

/** How long a deleted or overwritten object can be brought back. */
const UNDELETE_DAYS = 30;
/** Compaction replaces shards again and again; a month of them would cost more than the pictures. */
const SHARD_UNDELETE_DAYS = 7;

/**
 * Everything of a team: pictures, vectors, models.
 *
 * - Encrypted with S3's own keys: no key to pay or lose; who may read is decided by IAM either way.
 * - Versioned: pictures and models are the only copy, and `aws s3 rm --recursive` on a wrong prefix is undone within 30 days.
 * - No CORS: browsers upload through presigned addresses only when a team adds the rule for its own site.
 */
export function addDatasetBucket(scope: Construct, bucketName: string, removal: Removal): Bucket {
  return new Bucket(scope, 'Bucket', {
    bucketName,
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    removalPolicy: removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    lifecycleRules: [
      {
        // Of a process that was killed: nobody sees the parts, and they cost as much as objects. A training ends within hours.
        id: 'abandoned-multipart-uploads',
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
      {
        id: 'replaced-and-deleted-objects',
        noncurrentVersionExpiration: Duration.days(UNDELETE_DAYS),
        expiredObjectDeleteMarker: true,
      },
      {
        id: 'merged-shards',
        prefix: PREFIXES.features,
        noncurrentVersionExpiration: Duration.days(SHARD_UNDELETE_DAYS),
      },
      expiring('asked-pictures', PREFIXES.uploads, 1),
      expiring('paused-trainings', PREFIXES.checkpoints, 7),
    ],
  });
}

function expiring(id: string, prefix: string, days: number) {
  return { id, prefix, expiration: Duration.days(days), noncurrentVersionExpiration: Duration.days(1) };
}

/**
 * Tells the queue of every picture that comes or goes. Written into the bucket's own definition: the L2 way adds a function with rights on all buckets
 * of the account. The bucket has a fixed name, so the queue's policy can come first.
 */
export function notifyQueue(bucket: Bucket, queueArn: string): void {
  const rule = { name: 'prefix', value: PREFIXES.datasets };
  const resource = bucket.node.defaultChild as CfnBucket;
  resource.notificationConfiguration = {
    queueConfigurations: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'].map((event) => ({
      event,
      queue: queueArn,
      filter: { s3Key: { rules: [rule] } },
    })),
  };
}
