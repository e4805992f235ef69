import { messageOf } from '../../shared/errors.ts';
import type { TimedWork, Variant } from './measure.ts';
import type { Peer, PeerAnswer, PeerRequest } from './peer-process.ts';
import type { PeerSet } from './peer-set.ts';

/** Each setting of each peer; torch.compile too, on two threads. */
export function peerVariants({ keras, torch }: PeerSet, request: PeerRequest): Variant[] {
  return [
    ...[...keras, ...torch].map((peer) => peerVariant(peer, request)),
    ...torch.slice(-1).map((peer) => peerVariant(peer, { ...request, compile: true })),
  ];
}

function peerVariant(peer: Peer, request: PeerRequest): Variant {
  const detail = request.compile === true ? ', torch.compile' : '';
  return { name: `${peer.title}${detail}`, run: async () => workOf(await peer.measure(request)) };
}

function workOf({ seconds, rowsPerEpoch }: PeerAnswer): TimedWork {
  return { work: rowsPerEpoch * seconds.length, seconds: seconds.reduce((sum, one) => sum + one, 0) };
}

/** Runs each once, which warms it up; the others are told by their reason. A machine without a C++ compiler has no torch.compile. */
export async function runnableVariants(
  variants: readonly Variant[],
): Promise<{ readonly runnable: Variant[]; readonly missing: string[] }> {
  const runnable: Variant[] = [];
  const missing: string[] = [];
  for (const variant of variants) {
    try {
      await variant.run();
      runnable.push(variant);
    } catch (error) {
      missing.push(`missing column: ${variant.name}: ${messageOf(error).split('\n', 1).join()}`);
    }
  }
  return { runnable, missing };
}
