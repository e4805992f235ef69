import { it } from 'vitest';
import type { ListOptions, ObjectInfo, ObjectStore } from '../../../../shared/storage/object-store.ts';

export interface StoreUnderTest {
  /** Empty. */
  readonly store: ObjectStore;
  close(): Promise<void>;
}

/** What a server that speaks S3's protocol may lack. */
export type Capability =
  | 'byteOrder'
  | 'controlCharacters'
  | 'ifAbsent'
  | 'ifMatch'
  | 'listingOfUploads'
  | 'multipartIfAbsent'
  | 'multipartIfMatch';

/** What the server under test lacks, found by asking it: the reason goes into the titles of the cases that are skipped. */
export type Gaps = ReadonlyMap<Capability, string>;

export const NO_GAPS: Gaps = new Map();

/** A case that needs something of the server: skipped, with the reason in its title, where the server lacks it. */
export function itNeeding(gaps: Gaps, needed: Capability, title: string, body: () => Promise<void>): void {
  const reason = gaps.get(needed);
  if (reason === undefined) it(title, body);
  else it.skip(`${title} (${reason})`, body);
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

export async function listAll(store: ObjectStore, prefix = '', options?: ListOptions): Promise<ObjectInfo[]> {
  return Array.fromAsync(store.list(prefix, options));
}

export const keysOf = (infos: readonly ObjectInfo[]): string[] => infos.map(({ key }) => key);

/** Same keys, sorted by an implementation that shares nothing with ours: the bytes themselves. */
export const inByteOrder = (keys: readonly string[]): string[] =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
