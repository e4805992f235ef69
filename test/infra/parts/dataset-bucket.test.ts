import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { addDatasetBucket } from '../../../infra/parts/dataset-bucket.ts';

interface LifecycleRule {
  readonly Id: string;
  readonly Status: string;
  readonly Prefix?: string;
  readonly TagFilters?: unknown;
  readonly ExpirationInDays?: number;
  readonly ExpiredObjectDeleteMarker?: boolean;
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: number };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
}

interface BucketResource {
  readonly Properties: { readonly LifecycleConfiguration: { readonly Rules: readonly LifecycleRule[] } };
}

function lifecycleRules(): readonly LifecycleRule[] {
  const stack = new Stack(new App(), 'Test');
  addDatasetBucket(stack, 'team-pictures', 'retain');
  const buckets = Template.fromStack(stack).findResources('AWS::S3::Bucket') as Record<string, BucketResource>;
  return Object.values(buckets)[0]?.Properties.LifecycleConfiguration.Rules ?? [];
}

it('removes what a killed process left of an upload in parts, after a day, wherever it is', () => {
  const aborting = lifecycleRules().filter((rule) => rule.AbortIncompleteMultipartUpload !== undefined);
  expect(aborting).toEqual([
    {
      Id: 'abandoned-multipart-uploads',
      Status: 'Enabled',
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
  ]);
});

it('lets no rule expire pictures, vectors, rejects or models, only what is asked about and paused', () => {
  const expiring = lifecycleRules().filter((rule) => rule.ExpirationInDays !== undefined);
  expect(expiring.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays])).toEqual([
    ['uploads/', 1],
    ['checkpoints/', 7],
  ]);
});

it('keeps what was replaced or deleted for a month, merged shards for a week', () => {
  const kept = lifecycleRules().map((rule) => [rule.Prefix ?? '', rule.NoncurrentVersionExpiration?.NoncurrentDays]);
  expect(kept).toContainEqual(['', 30]);
  expect(kept).toContainEqual(['features/', 7]);
});
