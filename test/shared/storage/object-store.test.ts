import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileObjectStore } from '../../../shared/storage/file-object-store.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { describeObjectStore } from './object-store.contract.ts';

describeObjectStore('MemoryObjectStore', () =>
  Promise.resolve({ store: new MemoryObjectStore(), close: () => Promise.resolve() }),
);

describeObjectStore('FileObjectStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headstart-store-'));
  return {
    store: new FileObjectStore(join(folder, 'created', 'by-the-first-put')),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});
