import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CancelledError } from '../errors.ts';
import { explainFileErrors } from '../storage/file-error.ts';
import { lockPathFor, withFileLock } from '../storage/file-lock.ts';
import { assertBinaryWeights, readHead } from './assert-binary-weights.ts';
import type { FileHash } from './backbone.ts';
import { assertFileHash, hashOfFile } from './file-hash.ts';
import { PartialFile } from './partial-file.ts';
import { receiveRest, TransientDownloadError, type DownloadProgress } from './receive-rest.ts';

export interface DownloadOptions {
  /** Null accepts any content; the caller shows what was received. */
  readonly hash: FileHash | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: DownloadProgress;
  /** Tries in all, with growing pauses between them. @default 5 */
  readonly attempts?: number;
  /** Before the second try; doubles each time. @default 500 */
  readonly firstPauseMs?: number;
}

/**
 * Downloads to `target`; with a hash, a file that is there already and has it is taken. What has arrived is kept beside it as
 * `<target>.part`, and a later call goes on from there, as long as the server still has the same file (ETag or Last-Modified). The file
 * appears under its name only when it is whole and its hash fits.
 *
 * @throws DamagedFileError for a wrong hash or a web page instead of the file (the partial file is removed then), HeadstartError
 *   `download_failed`, `disk_full`, or `locked` while another process downloads it, CancelledError (the partial file stays)
 */
export async function downloadFile(url: string, target: string, options: DownloadOptions): Promise<void> {
  await explainFileErrors('write', target, async () => {
    await mkdir(path.dirname(target), { recursive: true });
    await withFileLock(lockPathFor(target), async () => {
      if (await isHere(target, options.hash)) return;
      const part = new PartialFile(`${target}.part`, url);
      await receiveWhole(url, part, options);
      await assertContent(part, url, options.hash);
      await rename(part.path, target);
      await part.forget();
    });
  });
}

async function isHere(target: string, hash: FileHash | null): Promise<boolean> {
  if (hash === null || (await stat(target).catch(() => null)) === null) return false;
  return (await hashOfFile(target, hash.algorithm)) === hash.hex;
}

async function receiveWhole(url: string, part: PartialFile, options: DownloadOptions): Promise<void> {
  const { attempts = 5, firstPauseMs = 500, signal, onProgress } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await receiveRest(url, part, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
      return;
    } catch (error) {
      if (signal?.aborted === true) throw cancelled();
      if (!(error instanceof TransientDownloadError) || attempt >= attempts) throw error;
    }
    await delay(firstPauseMs * 2 ** (attempt - 1), undefined, { ...(signal && { signal }) }).catch(() => {
      throw cancelled();
    });
  }
}

function cancelled(): CancelledError {
  return new CancelledError('cancelled; what has arrived is kept, run the same command to go on');
}

/** @throws DamagedFileError; the file is removed, since going on from it would never help */
async function assertContent(part: PartialFile, url: string, expected: FileHash | null): Promise<void> {
  try {
    const name = path.posix.basename(new URL(url).pathname);
    assertBinaryWeights(readHead(part.path), name);
    if (expected !== null) await assertFileHash(part.path, name, expected);
  } catch (error) {
    await part.forget();
    await rm(part.path, { force: true });
    throw error;
  }
}
