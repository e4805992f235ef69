import { GetObjectCommand } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadstartError, InvalidInputError, messageOf } from '../errors.ts';
import type { ObjectInfo, StoredObject } from './object-store.ts';
import { infoOf, type S3Bucket } from './s3-bucket.ts';
import { explainS3Error, isAbsentObject, plainCause, statusOf } from './s3-error.ts';

export interface S3ReadLimits {
  /** Connections that one read may use up, one after the other. @default 6 */
  readonly connections: number;
  /** A connection that brings no byte for so long is given up, in milliseconds. @default 30_000 */
  readonly idleMs: number;
}

export const S3_READ_LIMITS: S3ReadLimits = { connections: 6, idleMs: 30_000 };

/** Before the second connection; doubled with each further one, times a random share. */
const RECONNECT_WAIT_MS = 50;

/** As HTTP can ask for it: offsets in bytes from the start, `end` exclusive; without it, to the end. */
export interface PlainRange {
  readonly start: number;
  readonly end?: number | undefined;
}

/** One answer, before its body is read. */
interface OpenObject {
  readonly info: ObjectInfo;
  /** Offset of the body's first byte within the object. */
  readonly start: number;
  readonly sizeBytes: number;
  readonly body: Readable;
}

interface PartialRead {
  readonly info: ObjectInfo;
  readonly start: number;
  /** As long as it has to become. */
  readonly bytes: Uint8Array;
  filled: number;
}

/**
 * Reads the object, or one range of it, whole: where a connection ends early, the next one asks for the rest of the same version. Bytes whose
 * checksum is wrong are read again from the start.
 *
 * @returns null when there is no such object
 * @throws HeadstartError `io_error` when the connections are used up; never gives a part as the whole
 */
export async function readS3Object(
  bucket: S3Bucket,
  key: string,
  range: PlainRange | undefined,
  { connections, idleMs }: S3ReadLimits,
): Promise<StoredObject | null> {
  let read: PartialRead | null = null;
  let fault: unknown = null;
  for (let used = 0; used < connections; used++) {
    if (used > 0) await sleep(Math.random() * RECONNECT_WAIT_MS * 2 ** used);
    const opened = await openObject(bucket, key, read === null ? range : restOf(read), read?.info.eTag);
    if (opened === null) return null;
    if (opened === 'changed') {
      fault = new Error('it was overwritten meanwhile');
      read = null;
      continue;
    }
    read ??= { info: opened.info, start: opened.start, bytes: new Uint8Array(opened.sizeBytes), filled: 0 };
    fault = await fill(read, opened.body, idleMs);
    if (read.filled === read.bytes.length && fault === null) return { ...read.info, bytes: read.bytes };
    // All of it is here and still something is wrong: the checksum. Which byte is unknown.
    if (read.filled === read.bytes.length) read = null;
  }
  throw new HeadstartError(
    'io_error',
    `expected the whole of "${key}" in ${bucket.location}, ${connections} connections ended early, the last one with ` +
      `"${messageOf(fault)}"; check the network and try again`,
    { cause: plainCause(fault) },
  );
}

function restOf({ start, bytes, filled }: PartialRead): PlainRange {
  return { start: start + filled, end: start + bytes.length };
}

/** `changed`: there is another version than the one of `eTag` by now. */
async function openObject(
  bucket: S3Bucket,
  key: string,
  range: PlainRange | undefined,
  eTag: string | undefined,
): Promise<OpenObject | null | 'changed'> {
  const request = new GetObjectCommand({
    Bucket: bucket.name,
    Key: key,
    ...(range !== undefined && { Range: `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}` }),
    ...(eTag !== undefined && { IfMatch: `"${eTag}"` }),
  });
  try {
    const found = await bucket.client.send(request);
    bucket.isKnownToExist = true;
    const place = placeOf(found.ContentRange, found.ContentLength);
    if (!(found.Body instanceof Readable) || place?.start !== (range?.start ?? 0)) {
      if (found.Body instanceof Readable) found.Body.destroy();
      throw unusable(
        bucket,
        key,
        `content-length ${found.ContentLength ?? 'none'}, content-range ${found.ContentRange ?? 'none'}`,
      );
    }
    return { ...place, info: infoOf(key, place.wholeBytes, found.ETag, found.LastModified), body: found.Body };
  } catch (error) {
    if (isAbsentObject(error)) return null;
    const status = statusOf(error);
    if (eTag !== undefined && (status === 412 || status === 416)) return 'changed';
    throw status === 416 ? invalidRange(key, error) : explainS3Error(error, bucket.location);
  }
}

/** From `bytes 5-9/20` and the length of the body; null when the two leave open how much will come. */
function placeOf(contentRange = '', contentLength?: number) {
  if (contentLength === undefined) return null;
  const [, first, last, whole] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange) ?? []).map(Number);
  if (first === undefined || last === undefined || whole === undefined) {
    return contentRange === '' ? { start: 0, sizeBytes: contentLength, wholeBytes: contentLength } : null;
  }
  return last - first + 1 === contentLength ? { start: first, sizeBytes: contentLength, wholeBytes: whole } : null;
}

/** @returns what ended the body too early; null when it came to its end, which may be too early all the same */
async function fill(read: PartialRead, body: Readable, idleMs: number): Promise<unknown> {
  const idle = setTimeout(() => body.destroy(new Error(`no byte for ${idleMs / 1000} s`)), idleMs);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      idle.refresh();
      const room = read.bytes.length - read.filled;
      if (chunk.length > room) return new Error(`${chunk.length - room} bytes more than announced`);
      read.bytes.set(chunk, read.filled);
      read.filled += chunk.length;
    }
    return read.filled < read.bytes.length ? new Error(`${read.filled} of ${read.bytes.length} bytes`) : null;
  } catch (fault) {
    return fault;
  } finally {
    clearTimeout(idle);
  }
}

function unusable({ location }: S3Bucket, key: string, received: string): HeadstartError {
  return new HeadstartError(
    's3_refused',
    `expected the size and place of what ${location} sends of "${key}", received ${received}; use a server that keeps ranges`,
  );
}

function invalidRange(key: string, cause: unknown): InvalidInputError {
  return new InvalidInputError(`expected a range with at least one byte of "${key}", got one outside of it`, {
    code: 'invalid_range',
    cause: plainCause(cause),
  });
}
