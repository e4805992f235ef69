import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { S3ObjectStore } from '../../../shared/storage/s3-object-store.ts';
import {
  s3Error,
  startFaultServer,
  type Answer,
  type FaultServer,
  type SeenRequest,
} from '../../support/s3-fault-server.ts';
import { clientOf } from '../../support/s3-peers.ts';
import { MIB, patternOf, SMALL_PARTS } from './contract/large-bytes.ts';

const SMALL = Uint8Array.of(1, 2, 3);
const CONFLICT = s3Error(409, 'ConditionalRequestConflict');
const FAILED = s3Error(412, 'PreconditionFailed');

let server: FaultServer | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});

async function storeAnswering(...answers: readonly [Answer, ...Answer[]]): Promise<S3ObjectStore> {
  server = await startFaultServer(...answers);
  return new S3ObjectStore(clientOf(server.endpoint), 'bucket', { multipart: SMALL_PARTS });
}

const written = (eTag: string): Answer => answering(200, { etag: `"${eTag}"` });
const cut: Answer = (_, response) => response.destroy();
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

function answering(status: number, headers: Readonly<Record<string, string>>, body = ''): Answer {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

describe('a write in one piece', () => {
  it('is tried again after a conflict of conditional writes', async () => {
    const store = await storeAnswering(CONFLICT, written('abc'));
    expect((await store.put('key', SMALL, { ifMatch: 'old' })).eTag).toBe('abc');
    expect(server?.requests.map(({ headers }) => headers['if-match'])).toEqual(['"old"', '"old"']);
  });

  it('has lost its race when the conflict stays', async () => {
    const store = await storeAnswering(CONFLICT);
    const writing = store.put('key', SMALL, { ifAbsent: true });
    await expect(writing).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(server?.requests).toHaveLength(5);
  });

  it('has won when its first answer was lost and its own bytes refuse the second try', async () => {
    const store = await storeAnswering(cut, FAILED, written(md5(SMALL)));
    expect(await store.put('key', SMALL, { ifAbsent: true })).toMatchObject({ key: 'key', eTag: md5(SMALL) });
    expect(server?.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'HEAD']);
  });

  it('has lost when the bytes that refuse its second try are of another writer', async () => {
    const store = await storeAnswering(cut, FAILED, written(md5(Uint8Array.of(9))));
    await expect(store.put('key', SMALL, { ifAbsent: true })).rejects.toMatchObject({ code: 'precondition_failed' });
  });

  it('has lost when its first try is refused, though the same bytes are there', async () => {
    const store = await storeAnswering(FAILED, written(md5(SMALL)));
    await expect(store.put('key', SMALL, { ifAbsent: true })).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(server?.requests).toHaveLength(1);
  });
});

type Step = 'create' | 'part' | 'complete' | 'abort' | 'head';

function stepOf({ method, url }: SeenRequest): Step {
  // A HEAD without a reason is followed by a GET of one byte.
  if (method === 'HEAD' || method === 'GET') return 'head';
  if (method === 'DELETE') return 'abort';
  if (method === 'PUT') return 'part';
  return url.includes('uploads') ? 'create' : 'complete';
}

const xml = (name: string, content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${name}>${content}</${name}>`;

const HEALTHY: Readonly<Record<Step, Answer>> = {
  create: answering(200, {}, xml('InitiateMultipartUploadResult', '<UploadId>upload-1</UploadId>')),
  part: (request, response) => {
    const checksum = request.headers['x-amz-checksum-crc32'];
    const headers = typeof checksum === 'string' ? { 'x-amz-checksum-crc32': checksum } : {};
    response.writeHead(200, { etag: `"${md5(request.body)}"`, ...headers });
    response.end();
  },
  complete: answering(200, {}, xml('CompleteMultipartUploadResult', '<ETag>"whole-3"</ETag>')),
  abort: answering(204, {}),
  head: s3Error(404, 'NoSuchKey'),
};

/** Answers each step of an upload in parts; the given ones one after the other, then as `HEALTHY`. */
function inSteps(faults: Partial<Record<Step, readonly Answer[]>>): Answer {
  const counts = new Map<Step, number>();
  return (request, response) => {
    const step = stepOf(request);
    const count = counts.get(step) ?? 0;
    counts.set(step, count + 1);
    (faults[step]?.[count] ?? HEALTHY[step])(request, response);
  };
}

describe('a write in parts', () => {
  const LARGE = patternOf(11 * MIB, 1);
  const PARTS = [0, 5, 10].map((start) => LARGE.subarray(start * MIB, (start + 5) * MIB));
  const requestsOf = (step: Step) => (server?.requests ?? []).filter((request) => stepOf(request) === step);

  it('names type, size, condition, order and checksums of the parts', async () => {
    const store = await storeAnswering(inSteps({}));
    const info = await store.put('key', LARGE, { ifAbsent: true, contentType: 'image/png' });
    expect(info).toMatchObject({ key: 'key', sizeBytes: LARGE.length, eTag: 'whole-3' });
    expect(requestsOf('create')[0]?.headers).toMatchObject({
      'content-type': 'image/png',
      'x-amz-checksum-algorithm': 'CRC32',
    });
    const [last] = requestsOf('complete');
    expect(last?.headers).toMatchObject({ 'if-none-match': '*', 'x-amz-mp-object-size': String(LARGE.length) });
    const expected = PARTS.map((part, index) => [crc32Of(part), `"${md5(part)}"`, String(index + 1)]);
    expect(partsIn(last?.body.toString() ?? '')).toEqual(expected);
    expect(
      requestsOf('part')
        .map(({ body }) => body.length)
        .sort(),
    ).toEqual([MIB, 5 * MIB, 5 * MIB].sort());
  });

  it('has at most as many parts on the way as it may', async () => {
    let onTheWay = 0;
    let most = 0;
    const slow: Answer = (request, response) => {
      most = Math.max(most, ++onTheWay);
      setTimeout(() => {
        onTheWay--;
        HEALTHY.part(request, response);
      }, 20);
    };
    const store = await storeAnswering(inSteps({ part: Array.from({ length: 6 }, () => slow) }));
    await store.put('key', patternOf(30 * MIB, 1));
    expect(most).toBe(SMALL_PARTS.concurrency);
    expect(requestsOf('part')).toHaveLength(6);
  });

  it('sends only the part again that failed', async () => {
    const store = await storeAnswering(inSteps({ part: [s3Error(500, 'InternalError')] }));
    await store.put('key', LARGE);
    expect(requestsOf('part')).toHaveLength(4);
    expect(requestsOf('create')).toHaveLength(1);
  });

  it('stops, removes what has arrived and tells the first fault when a part is refused', async () => {
    const refused = s3Error(403, 'AccessDenied');
    const store = await storeAnswering(inSteps({ part: [refused, refused] }));
    await expect(store.put('key', LARGE)).rejects.toMatchObject({ code: 'access_denied' });
    expect(requestsOf('part').length).toBeLessThan(3);
    expect(requestsOf('complete')).toEqual([]);
    expect(server?.requests.at(-1)).toMatchObject({
      method: 'DELETE',
      url: expect.stringContaining('upload-1') as string,
    });
  });

  it('tells the fault of the part when the removal fails as well', async () => {
    const refused = s3Error(403, 'AccessDenied');
    const broken = s3Error(501, 'NotImplemented');
    const store = await storeAnswering(inSteps({ part: [refused, refused], abort: [broken, broken, broken] }));
    await expect(store.put('key', LARGE)).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('sends everything again after a conflict of conditional writes, if the condition still holds', async () => {
    const store = await storeAnswering(inSteps({ complete: [CONFLICT] }));
    await store.put('key', LARGE, { ifAbsent: true });
    const steps = ['create', 'part', 'complete', 'abort'] as const;
    expect(steps.map((step) => requestsOf(step).length)).toEqual([2, 6, 2, 1]);
  });

  it('sees the fault in a last answer that begins as a success', async () => {
    const late = answering(200, {}, xml('Error', '<Code>AccessDenied</Code><Message>late</Message>'));
    const store = await storeAnswering(inSteps({ complete: [late, late, late] }));
    await expect(store.put('key', LARGE)).rejects.toMatchObject({ code: 'access_denied' });
    expect(requestsOf('abort')).toHaveLength(1);
  });

  it('has won when its last answer was lost and the upload is done', async () => {
    const eTag = `${md5(Buffer.concat(PARTS.map((part) => Buffer.from(md5(part), 'hex'))))}-3`;
    const faults = { complete: [cut, s3Error(404, 'NoSuchUpload')], head: [written(eTag)] };
    const store = await storeAnswering(inSteps(faults));
    expect(await store.put('key', LARGE)).toMatchObject({ key: 'key', eTag });
  });

  it('throws when somebody else removed the upload', async () => {
    const store = await storeAnswering(inSteps({ complete: [s3Error(404, 'NoSuchUpload')] }));
    await expect(store.put('key', LARGE)).rejects.toMatchObject({ code: 's3_refused' });
  });
});

function partsIn(body: string): (string | undefined)[][] {
  const field = (part: string, name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(part)?.[1];
  return [...body.matchAll(/<Part>(.*?)<\/Part>/g)].map(([, part = '']) => [
    field(part, 'ChecksumCRC32'),
    field(part, 'ETag')?.replaceAll('&quot;', '"'),
    field(part, 'PartNumber'),
  ]);
}

function crc32Of(bytes: Uint8Array): string {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(crc32(bytes));
  return buffer.toString('base64');
}
