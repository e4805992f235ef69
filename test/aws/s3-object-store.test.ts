import { afterAll, it } from 'vitest';
import { describeS3ObjectStore } from '../shared/storage/s3-object-store.contract.ts';
import {
  hasMoto,
  hasVersitygw,
  NEEDS_MOTO,
  NEEDS_VERSITYGW,
  startMoto,
  startVersitygw,
  type Peer,
} from '../support/aws/peers.ts';
import { findGaps } from '../support/s3-gaps.ts';
import { clientOf } from '../support/s3-peers.ts';

await describePeer('versitygw', hasVersitygw, NEEDS_VERSITYGW, startVersitygw);
await describePeer('moto', hasMoto, NEEDS_MOTO, startMoto);

/** Starts the server while vitest collects the cases: what it lacks decides their titles. */
async function describePeer(name: string, isThere: boolean, reason: string, start: () => Promise<Peer>): Promise<void> {
  if (!isThere) {
    it.skip(`keeps the promises of an ObjectStore on ${name} (${reason})`);
    return;
  }
  const peer = await start();
  const client = clientOf(peer.endpoint);
  afterAll(async () => {
    client.destroy();
    await peer.stop();
  });
  describeS3ObjectStore(name, client, await findGaps(client, name));
}
