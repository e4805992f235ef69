import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { CancelledError, DamagedFileError, HeadstartError, messageOf } from '../errors.ts';
import { assertBinaryWeights } from './assert-binary-weights.ts';
import type { FileHash } from './backbone.ts';

export interface DownloadOptions {
  /** Null accepts any content; the caller shows what was received. */
  readonly hash: FileHash | null;
  readonly signal?: AbortSignal;
  /** `totalBytes` is null while the server has not told it. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number | null) => void;
  /** Tries in all, with growing pauses between them. @default 5 */
  readonly attempts?: number;
  /** Before the second try; doubles each time. @default 500 */
  readonly firstPauseMs?: number;
}

/** A fault that another try may heal. */
class TransientDownloadError extends HeadstartError {
  constructor(message: string, options?: ErrorOptions) {
    super('download_failed', message, options);
  }
}

/**
 * Downloads to `target`. What has arrived is kept beside it as `<target>.part`, and a later call goes on from there, as long as the
 * server still has the same file (ETag or Last-Modified). The file appears under its name only when it is whole and its hash fits.
 *
 * @throws DamagedFileError for a wrong hash or a web page instead of the file (the partial file is removed then), HeadstartError
 *   `download_failed`, CancelledError (the partial file stays)
 */
export async function downloadFile(url: string, target: string, options: DownloadOptions): Promise<void> {
  const { attempts = 5, firstPauseMs = 500, signal, hash } = options;
  await mkdir(path.dirname(target), { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await receive(url, `${target}.part`, options);
      break;
    } catch (error) {
      if (signal?.aborted === true)
        throw new CancelledError('cancelled; what has arrived is kept, run the same command to go on');
      if (!(error instanceof TransientDownloadError) || attempt >= attempts) throw error;
      await delay(firstPauseMs * 2 ** (attempt - 1));
    }
  }
  await assertContent(`${target}.part`, url, hash);
  await rename(`${target}.part`, target);
  await rm(`${target}.part.json`, { force: true });
}

/** What the server said of the file whose beginning we hold. */
interface PartFacts {
  readonly url: string;
  /** ETag or Last-Modified, for If-Range. */
  readonly validator: string;
}

async function receive(url: string, part: string, { signal, onProgress }: DownloadOptions): Promise<void> {
  const known = await readPart(part, url);
  const headers: Record<string, string> =
    known === null ? {} : { range: `bytes=${known.sizeBytes}-`, 'if-range': known.validator };
  const response = await request(url, headers, signal);
  if (response.status === 416) {
    await response.body?.cancel();
    await rm(part, { force: true });
    throw new TransientDownloadError(
      `expected the rest of "${url}", but the server's file is not longer than what is here`,
    );
  }
  assertUsable(response, url);
  const startBytes = response.status === 206 ? (known?.sizeBytes ?? 0) : 0;
  const lengthText = response.headers.get('content-length');
  const totalBytes = lengthText === null ? null : startBytes + Number(lengthText);
  await keepValidator(part, url, response);
  const file = await open(part, startBytes > 0 ? 'a' : 'w');
  try {
    const receivedBytes = await writeBody(response, file, startBytes, totalBytes, onProgress);
    if (totalBytes !== null && receivedBytes !== totalBytes) {
      throw new TransientDownloadError(`expected ${totalBytes} bytes from "${url}", received ${receivedBytes}`);
    }
  } finally {
    await file.close();
  }
}

async function request(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    // Compression would make content-length and ranges those of other bytes.
    return await fetch(url, {
      headers: { ...headers, 'accept-encoding': 'identity' },
      redirect: 'follow',
      ...(signal && { signal }),
    });
  } catch (cause) {
    throw new TransientDownloadError(
      `expected an answer from "${url}": ${messageOf((cause as Error).cause ?? cause)}; ` +
        'check the connection, name another server by --mirror, or download the file yourself and give it by --file',
      { cause },
    );
  }
}

function assertUsable(response: Response, url: string): void {
  const { status } = response;
  if (status >= 500 || status === 429 || status === 408) {
    throw new TransientDownloadError(`expected the file at "${url}", the server answered ${status}; try again later`);
  }
  if (status !== 200 && status !== 206) {
    throw new HeadstartError(
      'download_failed',
      `expected the file at "${url}", the server answered ${status}; name another server by --mirror, or give the file by --file`,
    );
  }
  if (response.headers.get('content-type')?.startsWith('text/html') === true) {
    throw new DamagedFileError(
      `expected weights at "${url}", received a web page: a login page of the network, or a page about the file; ` +
        'open the address in a browser, then give the file by --file',
    );
  }
}

async function writeBody(
  response: Response,
  file: FileHandle,
  startBytes: number,
  totalBytes: number | null,
  onProgress: DownloadOptions['onProgress'],
): Promise<number> {
  let receivedBytes = startBytes;
  try {
    for await (const chunk of response.body ?? []) {
      const bytes = chunk as Uint8Array;
      await file.write(bytes);
      receivedBytes += bytes.length;
      onProgress?.(receivedBytes, totalBytes);
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new HeadstartError('disk_full', `expected room for "${response.url}", the disk is full; free some space`, {
        cause,
      });
    }
    throw new TransientDownloadError(`expected the rest of "${response.url}": ${messageOf(cause)}`, { cause });
  }
  return receivedBytes;
}

async function readPart(part: string, url: string): Promise<{ sizeBytes: number; validator: string } | null> {
  try {
    const facts = JSON.parse(await readFile(`${part}.json`, 'utf8')) as Partial<PartFacts>;
    const { size } = await stat(part);
    if (facts.url !== url || typeof facts.validator !== 'string' || size === 0) return null;
    return { sizeBytes: size, validator: facts.validator };
  } catch {
    return null; // Nothing here, or a note that was cut short: from the start.
  }
}

async function keepValidator(part: string, url: string, response: Response): Promise<void> {
  const eTag = response.headers.get('etag');
  // A weak ETag may not be used for ranges (RFC 9110, 13.1.5).
  const validator = eTag !== null && !eTag.startsWith('W/') ? eTag : response.headers.get('last-modified');
  if (validator === null) await rm(`${part}.json`, { force: true });
  else await writeFile(`${part}.json`, JSON.stringify({ url, validator } satisfies PartFacts));
}

/** @throws DamagedFileError; the file is removed, since going on from it would never help */
async function assertContent(part: string, url: string, expected: FileHash | null): Promise<void> {
  try {
    const file = await open(part);
    const head = Buffer.alloc(512);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    await file.close();
    assertBinaryWeights(head.subarray(0, bytesRead), path.basename(new URL(url).pathname));
    if (expected !== null) await assertFileHash(part, url, expected);
  } catch (error) {
    await Promise.all([rm(part, { force: true }), rm(`${part}.json`, { force: true })]);
    throw error;
  }
}

/** @throws DamagedFileError */
export async function assertFileHash(file: string, name: string, { algorithm, hex }: FileHash): Promise<void> {
  const received = await hashOfFile(file, algorithm);
  if (received === hex) return;
  throw new DamagedFileError(
    `expected ${algorithm.toUpperCase()} ${hex} for "${name}", received ${received}; it is another file or arrived damaged, get it again`,
  );
}

/** Hex. */
export async function hashOfFile(file: string, algorithm: FileHash['algorithm']): Promise<string> {
  const hash: Hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
