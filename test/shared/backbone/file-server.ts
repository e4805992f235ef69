import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A real server for one test. */
export interface TestServer {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly requests: IncomingMessage[];
}

export async function startServer(listener: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

export interface ServedFile {
  readonly bytes: Uint8Array;
  /** @default '"v1"' */
  readonly eTag?: string | null;
}

/** Answers as RFC 9110 asks: whole, a range, or the whole when If-Range names another version. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, eTag = '"v1"' }: ServedFile,
  /** Breaks the connection after so many bytes of the body. */
  breakAfter = Number.POSITIVE_INFINITY,
): void {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === eTag;
  const start = range !== null && isSame ? Number(range[1]) : 0;
  const headers = { ...(eTag !== null && { etag: eTag }), 'content-type': 'application/octet-stream' };
  if (start > 0 && start >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const body = bytes.subarray(start);
  const partHeaders = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { ...headers, ...partHeaders, 'content-length': body.length });
  if (body.length <= breakAfter) response.end(body);
  else response.write(body.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 20));
}
