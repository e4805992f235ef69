import { setTimeout as sleep } from 'node:timers/promises';
import { HeadstartError } from '../errors.ts';
import type { ObjectStore, StoredObject } from '../storage/object-store.ts';

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 100;
/** Codes of our own errors that may be gone a moment later. */
const TRANSIENT_CODES = new Set(['io_error', 'locked']);

/**
 * Reads an object; faults that may pass are retried after 100, 200 and 400 ms, each with up to as much again at random.
 * @throws the last fault; the first one when waiting cannot help (access denied, bad key)
 */
export async function readWithRetry(
  store: ObjectStore,
  key: string,
  {
    signal,
    firstDelayMs = FIRST_DELAY_MS,
  }: { readonly signal?: AbortSignal | undefined; readonly firstDelayMs?: number } = {},
): Promise<StoredObject | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.get(key);
    } catch (error) {
      if (attempt === ATTEMPTS || !isTransient(error) || signal?.aborted === true) throw error;
      await sleep(firstDelayMs * 2 ** (attempt - 1) * (1 + Math.random()));
    }
  }
}

function isTransient(error: unknown): boolean {
  if (error instanceof HeadstartError) return TRANSIENT_CODES.has(error.code);
  const status = httpStatusOf(error);
  return status === null || status >= 500 || status === 408 || status === 429;
}

/** As the AWS SDK reports it. */
function httpStatusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return null;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
}
