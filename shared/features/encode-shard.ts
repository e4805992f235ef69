import {
  type Data,
  FixedSizeBinary,
  FixedSizeList,
  Field,
  Float16,
  makeData,
  RecordBatch,
  Struct,
  Table,
  tableToIPC,
  Uint32,
  Utf8,
} from 'apache-arrow';
import { InvalidInputError } from '../errors.ts';
import type { FeatureLocation, FeatureRow } from './feature-row.ts';
import { indexOfNonFinite } from './half-floats.ts';
import { isSequencer } from './sequencer.ts';
import { HASH_BYTES, shardSchema } from './shard-schema.ts';

/**
 * One shard: an Arrow IPC file of one record batch (schema in shard-schema.ts). Its vectors are one run of `rows * D` float16.
 *
 * @param rows one or more; all with vectors, or all tombstones: append in feature-store.ts keeps them apart
 * @throws InvalidInputError when a row has another D, a value that is not finite, or a malformed hash or sequencer: no poison is stored
 */
export function encodeShard(rows: readonly FeatureRow[], location: FeatureLocation): Uint8Array {
  for (const row of rows) assertRow(row, location);
  const hasVectors = rows.some((row) => row.embedding !== null);
  const listSize = hasVectors ? location.dimensions : 0;
  const schema = shardSchema(location, listSize);
  const children = [
    textColumn(rows, (row) => row.key),
    textColumn(rows, (row) => row.eTag),
    textColumn(rows, (row) => row.sequencer),
    hashColumn(rows),
    makeData({ type: new Uint32(), data: Uint32Array.from(rows, (row) => row.width) }),
    makeData({ type: new Uint32(), data: Uint32Array.from(rows, (row) => row.height) }),
    vectorColumn(rows, listSize),
  ];
  const data = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
  return tableToIPC(new Table([new RecordBatch(schema, data)]), 'file');
}

function assertRow({ key, sequencer, sha256, embedding }: FeatureRow, { dimensions }: FeatureLocation): void {
  const name = JSON.stringify(key);
  if (!isSequencer(sequencer)) {
    throw new InvalidInputError(`expected a hexadecimal sequencer for ${name}, received ${JSON.stringify(sequencer)}`);
  }
  if (embedding === null) return;
  if (sha256.length !== HASH_BYTES) {
    throw new InvalidInputError(`expected a SHA-256 of ${HASH_BYTES} bytes for ${name}, received ${sha256.length}`);
  }
  if (embedding.length !== dimensions) {
    throw new InvalidInputError(
      `expected a vector of ${dimensions} values for ${name}, received ${embedding.length}; use the backbone of this feature space`,
    );
  }
  const at = indexOfNonFinite(embedding);
  if (at === -1) return;
  throw new InvalidInputError(
    `expected finite float16 values in the vector of ${name}, received ${embedding[at] ?? 'nothing'} at ${at}; ` +
      "check the backbone's normalisation, outputs above 65504 do not fit",
    { code: 'vector_not_finite' },
  );
}

function textColumn(rows: readonly FeatureRow[], textOf: (row: FeatureRow) => string): Data<Utf8> {
  const texts = rows.map((row) => Buffer.from(textOf(row)));
  const valueOffsets = new Int32Array(rows.length + 1);
  texts.forEach((text, i) => (valueOffsets[i + 1] = (valueOffsets[i] ?? 0) + text.length));
  return makeData({ type: new Utf8(), length: rows.length, nullCount: 0, valueOffsets, data: Buffer.concat(texts) });
}

function hashColumn(rows: readonly FeatureRow[]): Data<FixedSizeBinary> {
  const data = new Uint8Array(rows.length * HASH_BYTES);
  rows.forEach((row, i) => {
    if (row.embedding !== null) data.set(row.sha256, i * HASH_BYTES);
  });
  return makeData({ type: new FixedSizeBinary(HASH_BYTES), length: rows.length, data, ...validityOf(rows) });
}

function vectorColumn(rows: readonly FeatureRow[], listSize: number): Data<FixedSizeList<Float16>> {
  const values = new Float16Array(rows.length * listSize);
  rows.forEach((row, i) => {
    if (row.embedding !== null) values.set(row.embedding, i * listSize);
  });
  const item = new Field('item', new Float16(), false);
  const child = makeData({ type: new Float16(), length: values.length, data: new Uint16Array(values.buffer) });
  return makeData({ type: new FixedSizeList(listSize, item), length: rows.length, child, ...validityOf(rows) });
}

/** Arrow's bit map, lowest bit first: 1 is a vector, 0 a tombstone. */
function validityOf(rows: readonly FeatureRow[]): { nullCount: number; nullBitmap?: Uint8Array } {
  const nullCount = rows.filter((row) => row.embedding === null).length;
  if (nullCount === 0) return { nullCount };
  const nullBitmap = new Uint8Array(Math.ceil(rows.length / 64) * 8);
  rows.forEach((row, i) => {
    if (row.embedding !== null) nullBitmap[i >> 3] = (nullBitmap[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return { nullCount, nullBitmap };
}
