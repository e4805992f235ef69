import type { FileHandle } from 'node:fs/promises';
import { DamagedFileError, HeadstartError, messageOf } from '../errors.ts';
import { errnoOf } from '../storage/file-error.ts';
import type { PartialFile } from './partial-file.ts';

/** `totalBytes` is null while the server has not told it. */
export type DownloadProgress = (receivedBytes: number, totalBytes: number | null) => void;

export interface ReceiveOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: DownloadProgress;
}

/** A fault that another try may heal. */
export class TransientDownloadError extends HeadstartError {
  constructor(message: string, options?: ErrorOptions) {
    super('download_failed', message, options);
  }
}

/**
 * One request for what is still missing. The server is asked for the rest of the very file that was begun (If-Range, RFC 9110 13.1.5);
 * when it has another one, or does not know ranges, it sends the whole file and we start anew.
 *
 * @throws TransientDownloadError when another try may help, else DamagedFileError, HeadstartError
 */
export async function receiveRest(url: string, part: PartialFile, options: ReceiveOptions): Promise<void> {
  const { signal, onProgress } = options;
  const held = await part.held();
  const headers = held === null ? {} : { range: `bytes=${held.sizeBytes}-`, 'if-range': held.validator };
  const response = await request(url, headers, signal);
  if (response.status === 416) {
    await response.body?.cancel();
    if (held !== null && response.headers.get('content-range') === `bytes */${held.sizeBytes}`) return;
    await part.forget();
    throw new TransientDownloadError(`expected the rest of "${url}", but the server's file ends before it`);
  }
  assertUsable(response, url);
  const isRest = response.status === 206 && held !== null;
  if (isRest) await assertRest(response, url, part, held);
  const startBytes = isRest ? held.sizeBytes : 0;
  const totalBytes = totalOf(response, startBytes);
  const file = isRest ? await part.goOn() : await part.startAnew(validatorOf(response));
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
  headers: Readonly<Record<string, string>>,
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
    const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
    throw new TransientDownloadError(
      `expected an answer from "${url}": ${messageOf(reason)}; ` +
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

/** Some servers and proxies know Range but not If-Range. */
async function assertRest(
  response: Response,
  url: string,
  part: PartialFile,
  held: { readonly sizeBytes: number; readonly validator: string },
): Promise<void> {
  const version = validatorOf(response);
  const isSameFile = version === null || version === held.validator;
  const isRightPlace = response.headers.get('content-range')?.startsWith(`bytes ${held.sizeBytes}-`) === true;
  if (isSameFile && isRightPlace) return;
  await response.body?.cancel();
  await part.forget();
  throw new TransientDownloadError(
    `expected the rest of "${url}", received another part or another file; try again to start anew`,
  );
}

/** A weak ETag may not be used for ranges (RFC 9110, 13.1.5). */
function validatorOf({ headers }: Response): string | null {
  const eTag = headers.get('etag');
  return eTag !== null && !eTag.startsWith('W/') ? eTag : headers.get('last-modified');
}

/** Null where the server tells none, or that of compressed bytes. */
function totalOf({ headers }: Response, startBytes: number): number | null {
  const length = headers.get('content-length');
  const isCompressed = (headers.get('content-encoding') ?? 'identity') !== 'identity';
  return length === null || isCompressed ? null : startBytes + Number(length);
}

async function writeBody(
  response: Response,
  file: FileHandle,
  startBytes: number,
  totalBytes: number | null,
  onProgress: DownloadProgress | undefined,
): Promise<number> {
  let receivedBytes = startBytes;
  try {
    for await (const chunk of response.body ?? []) {
      const bytes = chunk as Uint8Array;
      await file.appendFile(bytes);
      receivedBytes += bytes.length;
      onProgress?.(receivedBytes, totalBytes);
    }
  } catch (cause) {
    if (errnoOf(cause) !== null) throw cause; // Of our disk, which another try does not mend.
    throw new TransientDownloadError(`expected the rest of "${response.url}": ${messageOf(cause)}`, { cause });
  }
  return receivedBytes;
}
