import { expect, it } from 'vitest';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { uploadFolder } from '../../../shared/transfer/upload-folder.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function photos(count: number): Promise<MemoryObjectStore> {
  const source = new MemoryObjectStore();
  for (let number = 0; number < count; number++) await source.put(`red/${number}.jpg`, bytesOf(`picture ${number}`));
  return source;
}

it('copies every object below the prefix', async () => {
  const target = new MemoryObjectStore();
  const source = await photos(30);
  await source.put('.headstart/state.json', bytesOf('{}'));
  const result = await uploadFolder(source, target, { prefix: 'datasets/birds/' });
  expect(result).toMatchObject({ uploaded: 30, unchanged: 0 });
  const keys = (await Array.fromAsync(target.list(''))).map(({ key }) => key);
  expect(keys).toHaveLength(30);
  expect(new TextDecoder().decode((await target.get('datasets/birds/red/7.jpg'))?.bytes)).toBe('picture 7');
});

it('sends again only what differs, also at the same size', async () => {
  const target = new MemoryObjectStore();
  const source = await photos(10);
  await uploadFolder(source, target);
  await source.put('red/3.jpg', bytesOf('PICTURE 3'));
  expect(await uploadFolder(source, target)).toEqual({ uploaded: 1, unchanged: 9, uploadedBytes: 9 });
  expect(new TextDecoder().decode((await target.get('red/3.jpg'))?.bytes)).toBe('PICTURE 3');
});

it('stops when aborted and goes on in the next run', async () => {
  const target = new MemoryObjectStore();
  const source = await photos(10);
  const stop = new AbortController();
  const stopped = uploadFolder(source, target, {
    concurrency: 1,
    signal: stop.signal,
    onProgress: ({ uploaded }) => {
      if (uploaded === 4) stop.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  expect(await uploadFolder(source, target)).toMatchObject({ uploaded: 6, unchanged: 4 });
});
