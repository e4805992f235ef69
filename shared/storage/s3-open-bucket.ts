import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { deploymentOfBucket } from '../deployment/deployment-names.ts';
import type { ObjectStore } from './object-store.ts';
import { S3ObjectStore } from './s3-object-store.ts';

/**
 * The SDK waits for ever by default, and a function that cannot reach S3 would be paid for until its own limit. The first one includes the wait for
 * one of the 50 sockets; the second one is of silence, so a slow transfer is none.
 */
const TIMEOUTS_MS = { connectionTimeout: 30_000, socketTimeout: 60_000 };

/** By region; the empty one stands for that of the environment. */
const clients = new Map<string, S3Client>();

/**
 * One for the process, from the environment: credentials, and `AWS_ENDPOINT_URL_S3` for another server than AWS's.
 * @param region @default of the environment
 */
export function s3Client(region = ''): S3Client {
  let client = clients.get(region);
  if (client === undefined) {
    client = new S3Client({ ...settings(), ...(region !== '' && { region }) });
    clients.set(region, client);
  }
  return client;
}

/** A new one, from the same environment, for presigned addresses: its requests carry no checksum of a body that is not there yet. */
export function signingClient(): S3Client {
  return new S3Client({ ...settings(), requestChecksumCalculation: 'WHEN_REQUIRED' });
}

/** The bucket of a stack says its region in its name, so that none need be set to work with it. */
export function openBucket(bucket: string): ObjectStore {
  return new S3ObjectStore(s3Client(deploymentOfBucket(bucket)?.region), bucket);
}

function settings(): S3ClientConfig {
  // Addresses with the bucket in the path, wherever another server is meant: it seldom has a name for each bucket.
  const isOther = [process.env.AWS_ENDPOINT_URL_S3, process.env.AWS_ENDPOINT_URL].some(
    (url) => url !== undefined && url !== '',
  );
  return { maxAttempts: 5, requestHandler: TIMEOUTS_MS, ...(isOther && { forcePathStyle: true }) };
}
