import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { downloadFile, type DownloadOptions } from '../../../shared/backbone/download-file.ts';
import type { FileHash } from '../../../shared/backbone/backbone.ts';
import { CancelledError, DamagedFileError, HeadstartError } from '../../../shared/errors.ts';
import { sendFile, startServer, type ServedFile } from './file-server.ts';
import { temporaryFolder } from './small-backbone.ts';

const BYTES = Uint8Array.from({ length: 400_000 }, (_, index) => (index * 7 + (index >> 8)) & 255);
const HALF = 200_000;
const HASH: FileHash = { algorithm: 'sha256', hex: createHash('sha256').update(BYTES).digest('hex') };
const FAST = { hash: HASH, firstPauseMs: 1 };
const FILE: ServedFile = { bytes: BYTES };

const isWhole = (file: string) => readFileSync(file).equals(BYTES);

function targetIn(folder = temporaryFolder()) {
  const target = join(folder, 'weights.h5');
  return { target, part: `${target}.part`, note: `${target}.part.json`, names: () => readdirSync(folder).sort() };
}

async function begin(target: string, origin: string, options: Partial<DownloadOptions> = {}) {
  await expect(downloadFile(`${origin}/weights.h5`, target, { ...FAST, attempts: 1, ...options })).rejects.toThrow(
    /rest of/,
  );
}

describe('downloadFile', () => {
  it('writes the file under its name and tells how far it is', async () => {
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, FILE);
    });
    const { target, names } = targetIn();
    const progress: (readonly [number, number | null])[] = [];

    await downloadFile(`${origin}/weights.h5`, target, { ...FAST, onProgress: (...step) => progress.push(step) });

    expect(isWhole(target)).toBe(true);
    expect(names()).toEqual(['weights.h5']);
    expect(progress.at(-1)).toEqual([BYTES.length, BYTES.length]);
    expect(requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('asks no server for a file that is there and has the hash', async () => {
    const { origin, requests } = await startServer((_, response) => response.writeHead(500).end());
    const { target } = targetIn();
    writeFileSync(target, BYTES);

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(requests).toHaveLength(0);
  });

  it('goes on where a broken connection stopped', async () => {
    let isFirst = true;
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, FILE, isFirst ? HALF : undefined);
      isFirst = false;
    });
    const { target, names } = targetIn();

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(isWhole(target)).toBe(true);
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${HALF}-`]);
    expect(requests[1]?.headers['if-range']).toBe('"v1"');
    expect(names()).toEqual(['weights.h5']);
  });

  it('starts anew when the server ignores ranges', async () => {
    let isFirst = true;
    const { origin, requests } = await startServer((request, response) => {
      delete request.headers.range;
      sendFile(request, response, FILE, isFirst ? HALF : undefined);
      isFirst = false;
    });
    const { target } = targetIn();

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(isWhole(target)).toBe(true);
    expect(requests).toHaveLength(2);
  });

  it('starts anew when the file has changed since', async () => {
    const old = await startServer((request, response) => {
      sendFile(request, response, { bytes: BYTES.toReversed(), eTag: '"v0"' }, HALF);
    });
    const { target, part, note } = targetIn();
    await begin(target, old.origin);
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, FILE);
    });
    writeFileSync(note, JSON.stringify({ url: `${origin}/weights.h5`, validator: '"v0"' }));
    expect(readFileSync(part)).toHaveLength(HALF);

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(isWhole(target)).toBe(true);
    expect(requests[0]?.headers['if-range']).toBe('"v0"');
  });

  it('starts anew when a server that does not know If-Range sends the rest of a changed file', async () => {
    let version = 0;
    const { origin } = await startServer((request, response) => {
      delete request.headers['if-range'];
      version += 1;
      if (version === 1) sendFile(request, response, { bytes: BYTES.toReversed(), eTag: '"old"' }, HALF);
      else sendFile(request, response, { bytes: BYTES, eTag: '"new"' });
    });
    const { target } = targetIn();

    await downloadFile(`${origin}/weights.h5`, target, { ...FAST, hash: null });

    expect(isWhole(target)).toBe(true);
    expect(version).toBe(3);
  });

  it('starts anew when the server names no version of the file', async () => {
    let isFirst = true;
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, { bytes: BYTES, eTag: null }, isFirst ? HALF : undefined);
      isFirst = false;
    });
    const { target } = targetIn();

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
    expect(isWhole(target)).toBe(true);
  });

  it('takes a part that is whole already, as a crash before the last step leaves it', async () => {
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, FILE);
    });
    const { target, part, note } = targetIn();
    writeFileSync(part, BYTES);
    writeFileSync(note, JSON.stringify({ url: `${origin}/weights.h5`, validator: '"v1"' }));

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(requests).toHaveLength(1);
    expect(isWhole(target)).toBe(true);
  });

  it("starts anew when the part is longer than the server's file", async () => {
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, FILE);
    });
    const { target, part, note } = targetIn();
    writeFileSync(part, new Uint8Array(BYTES.length + 1));
    writeFileSync(note, JSON.stringify({ url: `${origin}/weights.h5`, validator: '"v1"' }));

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(requests.map(({ headers }) => headers.range)).toEqual([`bytes=${BYTES.length + 1}-`, undefined]);
    expect(isWhole(target)).toBe(true);
  });

  it('does not go on from a part of another address or with a damaged note', async () => {
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, FILE);
    });
    for (const text of [JSON.stringify({ url: 'https://elsewhere/weights.h5', validator: '"v1"' }), '{"url": "ht']) {
      const { target, part, note } = targetIn();
      writeFileSync(part, new Uint8Array(HALF));
      writeFileSync(note, text);
      await downloadFile(`${origin}/weights.h5`, target, FAST);
      expect(isWhole(target)).toBe(true);
    }
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });

  it('follows a redirect', async () => {
    const { origin } = await startServer((request, response) => {
      if (request.url === '/weights.h5') response.writeHead(302, { location: '/elsewhere/weights.h5' }).end();
      else sendFile(request, response, FILE);
    });
    const { target } = targetIn();

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(isWhole(target)).toBe(true);
  });

  it.each([503, 429, 408])('tries again after %i', async (status) => {
    let tries = 0;
    const { origin } = await startServer((request, response) => {
      tries += 1;
      if (tries < 3) response.writeHead(status).end();
      else sendFile(request, response, FILE);
    });
    const { target } = targetIn();

    await downloadFile(`${origin}/weights.h5`, target, FAST);

    expect(tries).toBe(3);
    expect(existsSync(target)).toBe(true);
  });

  it('goes on in a later call after it was cancelled', async () => {
    const controller = new AbortController();
    const { origin, requests } = await startServer((request, response) => {
      if (request.headers.range !== undefined) sendFile(request, response, FILE);
      else {
        response.writeHead(200, { etag: '"v1"', 'content-length': BYTES.length });
        response.write(BYTES.subarray(0, HALF));
      }
    });
    const { target, names } = targetIn();
    const url = `${origin}/weights.h5`;
    const onProgress = (received: number) => {
      if (received >= HALF) controller.abort();
    };

    const first = downloadFile(url, target, { ...FAST, signal: controller.signal, onProgress });
    await expect(first).rejects.toThrow(CancelledError);
    expect(names()).toEqual(['weights.h5.part', 'weights.h5.part.json']);
    await downloadFile(url, target, FAST);

    expect(requests[1]?.headers.range).toBe(`bytes=${HALF}-`);
    expect(isWhole(target)).toBe(true);
  });

  it('stops at once when it is cancelled in the pause between two tries', async () => {
    const controller = new AbortController();
    const { origin, requests } = await startServer((_, response) => {
      response.writeHead(503).end();
      setTimeout(() => {
        controller.abort();
      }, 20);
    });
    const { target } = targetIn();

    const outcome = downloadFile(`${origin}/w.h5`, target, {
      hash: null,
      firstPauseMs: 3_600_000,
      signal: controller.signal,
    });

    await expect(outcome).rejects.toThrow(CancelledError);
    expect(requests).toHaveLength(1);
  });

  it('downloads once when two ask for the same file at once', async () => {
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, FILE);
    });
    const { target } = targetIn();

    await Promise.all([1, 2].map(() => downloadFile(`${origin}/weights.h5`, target, FAST)));

    expect(requests).toHaveLength(1);
    expect(isWhole(target)).toBe(true);
  });
});

describe('downloadFile fails', () => {
  it('on a wrong hash, and removes the part', async () => {
    const { origin, requests } = await startServer((request, response) => {
      sendFile(request, response, { bytes: BYTES.toReversed() });
    });
    const { target, names } = targetIn();
    const outcome = downloadFile(`${origin}/weights.h5`, target, FAST);

    await expect(outcome).rejects.toThrow(DamagedFileError);
    await expect(outcome).rejects.toThrow(/expected SHA256 .* for "weights.h5", received .*get it again/);
    expect(names()).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['told by its type', 'text/html; charset=utf-8'],
    ['told by its bytes', 'application/octet-stream'],
  ])('on a login page, %s, and keeps the old file', async (_, type) => {
    const { origin } = await startServer((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end('<!DOCTYPE html><html><body>Please log in</body></html>');
    });
    const { target, names } = targetIn();
    writeFileSync(target, 'what worked before');

    const outcome = downloadFile(`${origin}/weights.h5`, target, { ...FAST, hash: null });

    await expect(outcome).rejects.toThrow(DamagedFileError);
    await expect(outcome).rejects.toThrow(/web page/);
    expect(readFileSync(target, 'utf8')).toBe('what worked before');
    expect(names()).toEqual(['weights.h5']);
  });

  it.each([403, 404])('on %i without another try', async (status) => {
    const { origin, requests } = await startServer((_, response) => response.writeHead(status).end());

    await expect(downloadFile(`${origin}/weights.h5`, targetIn().target, FAST)).rejects.toThrow(
      new RegExp(`the server answered ${status}; name another server by --mirror, or give the file by --file`),
    );
    expect(requests).toHaveLength(1);
  });

  it('after the last try, with the code that scripts know', async () => {
    const { origin, requests } = await startServer((_, response) => response.writeHead(503).end());

    await expect(
      downloadFile(`${origin}/weights.h5`, targetIn().target, { ...FAST, attempts: 3 }),
    ).rejects.toMatchObject({
      code: 'download_failed',
    });
    expect(requests).toHaveLength(3);
  });

  it('when nothing listens, naming the flags that help', async () => {
    const { origin } = await startServer(() => undefined);
    const dead = origin.replace(/:\d+$/, ':1');

    const outcome = downloadFile(`${dead}/weights.h5`, targetIn().target, { ...FAST, attempts: 2 });

    await expect(outcome).rejects.toThrow(/expected an answer from ".*weights.h5".*--mirror.*--file/);
  });

  it('when the folder cannot be written', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');

    const outcome = downloadFile('http://127.0.0.1:1/w.h5', join(folder, 'file', 'w.h5'), FAST);

    await expect(outcome).rejects.toThrow(HeadstartError);
  });
});
