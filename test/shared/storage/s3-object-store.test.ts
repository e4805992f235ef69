import { afterAll } from 'vitest';
import { findGaps } from '../../support/s3-gaps.ts';
import { clientOf, startNpmServer } from '../../support/s3-peers.ts';
import { describeS3ObjectStore } from './s3-object-store.contract.ts';

// Started while vitest collects the cases: what the server lacks decides their titles.
const server = await startNpmServer();
const client = clientOf(server.endpoint);
const gaps = await findGaps(client, 'fauxqs');

afterAll(async () => {
  client.destroy();
  await server.stop();
});

describeS3ObjectStore('fauxqs', client, gaps);
