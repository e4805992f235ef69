import { openPeer, type Peer, type PeerScript } from './peer-process.ts';

/** All settings that are tried of each peer. */
export interface PeerSet {
  readonly keras: readonly Peer[];
  readonly torch: readonly Peer[];
  /** What could not be opened and why; empty when all are there. */
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

/** Threads of each process: one is faster for Keras at batch 32, two for PyTorch. The table takes the faster in each round. */
const THREADS = [1, 2];

export async function openPeerSet(scripts: readonly PeerScript[]): Promise<PeerSet> {
  const missing: string[] = [];
  const openAll = async (script: PeerScript): Promise<Peer[]> => {
    const peers: Peer[] = [];
    for (const threads of scripts.includes(script) ? THREADS : []) {
      const opened = await openPeer(script, threads);
      if (opened.peer !== null) peers.push(opened.peer);
      else missing.push(`missing column: ${opened.missing}`);
    }
    return peers;
  };
  const [keras, torch] = [await openAll('keras_head.py'), await openAll('torch_head.py')];
  return {
    keras,
    torch,
    missing: [...new Set(missing)],
    stop: async () => {
      await Promise.all([...keras, ...torch].map((peer) => peer.stop()));
    },
  };
}
