import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Peer } from './aws/peers.ts';

/** One request, with its body read. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void;

export interface FaultServer extends Peer {
  readonly requests: readonly SeenRequest[];
}

/**
 * Answers as S3 does when something goes wrong, which no server at hand does by itself: one answer for each request, the last one for all
 * further ones.
 */
export async function startFaultServer(...answers: readonly [Answer, ...Answer[]]): Promise<FaultServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(chunks) };
      const answer = answers[requests.length] ?? answers.at(-1) ?? answers[0];
      requests.push(request);
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** An error as S3 sends it: the XML in the body, which the answer to HEAD lacks. */
export function s3Error(
  status: number,
  code: string,
  details: Readonly<Record<string, string>> = {},
  headers = {},
): Answer {
  return ({ method }, response) => {
    const fields = { Code: code, Message: `the message of ${code}`, ...details, RequestId: '4442587FB7D0A2F9' };
    const xml = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${xml.join('')}</Error>`;
    response.writeHead(status, {
      'content-type': 'application/xml',
      'x-amz-request-id': '4442587FB7D0A2F9',
      ...headers,
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
}

export interface ServedObject {
  readonly bytes: Uint8Array;
  readonly eTag: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Keeps Range and If-Match. `sentBytes`: the connection is cut behind so many bytes of the body. */
export function serve({ bytes, eTag, headers = {} }: ServedObject, sentBytes = Infinity): Answer {
  return (request, response) => {
    const wanted = request.headers['if-match'];
    if (wanted !== undefined && wanted !== `"${eTag}"`) {
      s3Error(412, 'PreconditionFailed')(request, response);
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(first ?? 0);
    const end = last === undefined || last === '' ? bytes.length : Math.min(Number(last) + 1, bytes.length);
    const body = bytes.subarray(start, end);
    response.writeHead(first === undefined ? 200 : 206, {
      etag: `"${eTag}"`,
      'content-length': body.length,
      'last-modified': new Date(0).toUTCString(),
      ...(first !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
      ...headers,
    });
    if (sentBytes >= body.length) response.end(body);
    else response.write(body.subarray(0, sentBytes), () => response.destroy());
  };
}
