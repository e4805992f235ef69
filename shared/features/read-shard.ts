import type { Schema } from 'apache-arrow';
import { type FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';
import { Message } from 'apache-arrow/ipc/metadata/message';
import { assertBatchCounts, assertFooterCounts } from './assert-counts.ts';
import type { ByteRange, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import type { FeatureLocation } from './feature-row.ts';
import { type BatchLayout, ShardBatch } from './shard-batch.ts';
import { NewerShardError, RefusedShardError, ShardGoneError } from './shard-errors.ts';
import { SHARD_COLUMNS, SHARD_FORMAT_VERSION, SHARD_METADATA } from './shard-schema.ts';

/** Read at once from the end: footers of ours are below 2 KB, and a smaller shard needs no second request. */
const TAIL_BYTES = 64 * 1024;
/** What a row takes beside its vector, guessed high: key, eTag, sequencer, hash, size. */
const GUESSED_FACT_BYTES = 400;
/** At both ends of an Arrow file. */
const MAGIC = Buffer.from('ARROW1');
/** Length of the footer, then the magic. */
const TRAILER_BYTES = 4 + MAGIC.length;
/** Continuation mark and length, in front of each message. */
const MESSAGE_PREFIX_BYTES = 8;

/**
 * Reads everything of a shard but its vectors: two requests, or one when it is small.
 *
 * @returns its record batches: one in our shards, any number in those of other writers
 * @throws RefusedShardError when it is truncated, altered or of another feature space; ShardGoneError when it is gone;
 *   NewerShardError when a later release wrote it. Faults of the store pass through
 */
export async function readShard(
  store: ObjectStore,
  { key, sizeBytes }: Pick<ObjectInfo, 'key' | 'sizeBytes'>,
  location: FeatureLocation,
): Promise<readonly ShardBatch[]> {
  const fetch = cachedReader(store, key, sizeBytes);
  const footerRange = parse(
    key,
    await fetch({ start: Math.max(0, sizeBytes - TRAILER_BYTES), end: sizeBytes }),
    (bytes) => footerRangeOf(bytes, sizeBytes),
  );
  const footer = parse(key, await fetch(footerRange), (bytes) => {
    assertFooterCounts(bytes);
    return Footer.decode(bytes);
  });
  const listSize = parse(key, footer.schema, (schema) => listSizeOf(key, schema, location));
  const blocks = parse(key, footer, (decoded) => blocksOf(decoded, sizeBytes));
  const batches: ShardBatch[] = [];
  for (const block of blocks) {
    const layout = { shardKey: key, listSize, bodyStart: block.offset + block.metaDataLength };
    batches.push(await readBatch(key, block, layout, fetch));
  }
  return batches;
}

type Fetch = (range: Required<ByteRange>) => Promise<Uint8Array>;

/** Requests the tail once, and answers from it what lies in it. */
function cachedReader(store: ObjectStore, key: string, sizeBytes: number): Fetch {
  const tailStart = Math.max(0, sizeBytes - TAIL_BYTES);
  let tail: Uint8Array | null = null;
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    if (start >= end) return new Uint8Array();
    const object = await store.get(key, { start, end });
    if (object === null) throw new ShardGoneError(key);
    return object.bytes;
  };
  return async ({ start, end }) => {
    if (start < tailStart) return read(start, end);
    tail ??= await read(tailStart, sizeBytes);
    return tail.subarray(start - tailStart, end - tailStart);
  };
}

function parse<A, R>(shardKey: string, input: A, read: (input: A) => R): R {
  try {
    return read(input);
  } catch (cause) {
    // Flatbuffers throw anything when their offsets lead nowhere.
    throw cause instanceof NewerShardError ? cause : new RefusedShardError(shardKey, cause);
  }
}

function blocksOf(footer: Footer, sizeBytes: number): FileBlock[] {
  const blocks = [...footer.recordBatches()];
  for (const { offset, metaDataLength, bodyLength } of blocks) {
    const end = offset + metaDataLength + bodyLength;
    if (offset < MAGIC.length || metaDataLength < MESSAGE_PREFIX_BYTES || bodyLength < 0 || end > sizeBytes) {
      throw new Error(`expected record batches within ${sizeBytes} bytes, received one from ${offset} to ${end}`);
    }
  }
  return blocks;
}

function footerRangeOf(trailer: Uint8Array, sizeBytes: number): Required<ByteRange> {
  const bytes = Buffer.from(trailer);
  if (bytes.length < TRAILER_BYTES || !bytes.subarray(4).equals(MAGIC)) {
    throw new Error(`expected an Arrow file that ends in ARROW1, received ${sizeBytes} bytes that do not`);
  }
  const length = bytes.readInt32LE(0);
  const start = sizeBytes - TRAILER_BYTES - length;
  if (length <= 0 || start < MAGIC.length)
    throw new Error(`expected a footer inside the file, received ${length} bytes`);
  return { start, end: sizeBytes - TRAILER_BYTES };
}

/** D, or 0 in a shard of tombstones only. */
function listSizeOf(shardKey: string, schema: Schema, location: FeatureLocation): number {
  const version = schema.metadata.get(SHARD_METADATA.formatVersion) ?? 'none';
  if (Number(version) > SHARD_FORMAT_VERSION) throw new NewerShardError(shardKey, version);
  const found = [
    version,
    ...[SHARD_METADATA.featureSpaceId, SHARD_METADATA.dimensions].map((k) => schema.metadata.get(k)),
  ];
  const wanted = [SHARD_FORMAT_VERSION, location.featureSpaceId, location.dimensions].map(String);
  if (found.join() !== wanted.join()) {
    throw new Error(`expected format, feature space and dimensions ${wanted.join(', ')}, received ${found.join(', ')}`);
  }
  const columns = schema.fields.map((field) => `${field.name}: ${String(field.type)}`);
  const listSize = [location.dimensions, 0].find((size) => columns.join() === columnsFor(size).join());
  if (listSize === undefined) {
    throw new Error(
      `expected the columns ${columnsFor(location.dimensions).join(', ')}, received ${columns.join(', ')}`,
    );
  }
  return listSize;
}

function columnsFor(listSize: number): string[] {
  const facts = SHARD_COLUMNS.map(([name, type]) => `${name}: ${type}`);
  return [...facts, `embedding: FixedSizeList[${listSize}]<Float16>`];
}

async function readBatch(
  shardKey: string,
  { offset, metaDataLength, bodyLength }: FileBlock,
  layout: BatchLayout,
  fetch: Fetch,
): Promise<ShardBatch> {
  const bodyStart = offset + metaDataLength;
  const rowBytes = GUESSED_FACT_BYTES + layout.listSize * 2;
  const guess = Math.min(bodyLength, Math.ceil(bodyLength / rowBytes) * GUESSED_FACT_BYTES + 4096);
  const bytes = await fetch({ start: offset, end: bodyStart + guess });
  const header = parse(shardKey, bytes, (all) => {
    const metadata = all.subarray(MESSAGE_PREFIX_BYTES, metaDataLength);
    assertBatchCounts(metadata);
    const message = Message.decode(metadata);
    if (!message.isRecordBatch()) throw new Error('expected a record batch where the footer says there is one');
    return message.header();
  });
  const size = parse(shardKey, header, (record) => ShardBatch.factBytesOf(record, layout, bodyLength));
  const facts =
    size <= guess ? bytes.subarray(metaDataLength) : await fetch({ start: bodyStart, end: bodyStart + size });
  // A copy: a view would keep a whole small shard in memory, vectors included.
  return parse(shardKey, header, (record) => new ShardBatch(layout, record, facts.slice(0, size)));
}
