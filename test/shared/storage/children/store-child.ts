import { FileObjectStore } from '../../../../shared/storage/file-object-store.ts';
import { HeadstartError } from '../../../../shared/errors.ts';
import { PreconditionFailedError } from '../../../../shared/storage/object-store.ts';

/**
 * A process of its own for file-object-store.test.ts: `node store-child.ts <job> <root> ...`. Prints one JSON value.
 */
const [job = '', root = '', ...parameters] = process.argv.slice(2);
const store = new FileObjectStore(root);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Adds 1 to a number, over and over, by compare-and-swap; tells which numbers it has written. */
async function count(key: string, wins: number): Promise<number[]> {
  const written: number[] = [];
  while (written.length < wins) {
    const object = await store.get(key);
    const next = Number(new TextDecoder().decode(object?.bytes)) + 1;
    try {
      await store.put(key, bytesOf(String(next).padStart(8, '0')), { ifMatch: object?.eTag ?? '' });
      written.push(next);
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
  }
  return written;
}

/** Overwrites until it is killed, each time with another byte. */
async function overwriteForEver(key: string, sizeBytes: number): Promise<never> {
  for (let value = 0; ; value++) await store.put(key, new Uint8Array(sizeBytes).fill(value % 256));
}

async function attempt(work: () => Promise<unknown>): Promise<{ code: string; message: string } | 'done'> {
  try {
    await work();
    return 'done';
  } catch (error) {
    if (error instanceof HeadstartError) return { code: error.code, message: error.message };
    throw error;
  }
}

async function run(): Promise<unknown> {
  const [key = 'key', amount = '1', writers = '1'] = parameters;
  switch (job) {
    case 'count':
      return Promise.all(Array.from({ length: Number(writers) }, () => count(key, Number(amount))));
    case 'overwrite':
      return overwriteForEver(key, Number(amount));
    case 'put':
      return attempt(() => store.put(key, new Uint8Array(Number(amount)).fill(7)));
    case 'list':
      return attempt(() => Array.fromAsync(store.list('')));
    default:
      throw new Error(`unknown job ${job}`);
  }
}

process.stdout.write(JSON.stringify(await run()));
