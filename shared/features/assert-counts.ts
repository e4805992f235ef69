import { Footer } from 'apache-arrow/fb/footer';
import { Message } from 'apache-arrow/fb/message';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { ByteBuffer } from 'flatbuffers';

/** More than any schema or record batch of ours has of anything. */
const MAX_COUNT = 64;
/** A block of the footer is 24 bytes. */
const BLOCK_BYTES = 24;

/**
 * Arrow's readers believe every count that they find: one altered byte makes them build lists of a billion entries until memory
 * ends. So the counts are looked at first.
 *
 * @throws Error when a count cannot be true
 */
export function assertFooterCounts(footer: Uint8Array): void {
  const root = Footer.getRootAsFooter(new ByteBuffer(footer));
  const maxBlocks = footer.length / BLOCK_BYTES;
  const schema = root.schema();
  assertCount('record batches', root.recordBatchesLength(), maxBlocks);
  assertCount('dictionaries', root.dictionariesLength(), 0);
  assertCount('fields', schema?.fieldsLength() ?? 0, MAX_COUNT);
  assertCount('metadata entries', schema?.customMetadataLength() ?? 0, MAX_COUNT);
  for (let i = 0; i < (schema?.fieldsLength() ?? 0); i++) {
    const field = schema?.fields(i);
    assertCount('metadata entries of a field', field?.customMetadataLength() ?? 0, MAX_COUNT);
    assertCount('children', field?.childrenLength() ?? 0, 1);
    const child = (field?.childrenLength() ?? 0) === 1 ? field?.children(0) : null;
    assertCount('children of a child', child?.childrenLength() ?? 0, 0);
    assertCount('metadata entries of a child', child?.customMetadataLength() ?? 0, MAX_COUNT);
  }
}

/** As assertFooterCounts, for the message in front of a record batch. */
export function assertBatchCounts(message: Uint8Array): void {
  const root = Message.getRootAsMessage(new ByteBuffer(message));
  const batch = root.header(new RecordBatch()) as RecordBatch | null;
  assertCount('metadata entries', root.customMetadataLength(), MAX_COUNT);
  assertCount('columns', batch?.nodesLength() ?? 0, MAX_COUNT);
  assertCount('buffers', batch?.buffersLength() ?? 0, MAX_COUNT);
  assertCount('view buffers', batch?.variadicBufferCountsLength() ?? 0, MAX_COUNT);
}

function assertCount(name: string, count: number, max: number): void {
  if (count < 0 || count > max) throw new Error(`expected at most ${Math.floor(max)} ${name}, received ${count}`);
}
