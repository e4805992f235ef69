import { afterAll, beforeAll, describe } from 'vitest';
import type { S3Client } from '@aws-sdk/client-s3';
import {
  hasMoto,
  hasVersitygw,
  NEEDS_MOTO,
  NEEDS_VERSITYGW,
  startMoto,
  startVersitygw,
  type Peer,
} from '../support/aws/peers.ts';
import { clientOf, emptyBucket } from '../support/s3-peers.ts';
import { describeObjectStore } from '../shared/storage/object-store.contract.ts';

describePeer('versitygw', hasVersitygw, NEEDS_VERSITYGW, startVersitygw);
describePeer('moto', hasMoto, NEEDS_MOTO, startMoto);

function describePeer(name: string, isThere: boolean, reason: string, start: () => Promise<Peer>): void {
  describe.skipIf(!isThere)(isThere ? name : `${name} (${reason})`, () => {
    let peer: Peer;
    let client: S3Client;
    beforeAll(async () => {
      peer = await start();
      client = clientOf(peer.endpoint);
    });
    afterAll(async () => {
      client.destroy();
      await peer.stop();
    });
    describeObjectStore(`S3ObjectStore on ${name}`, () => emptyBucket(client));
  });
}
