import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSafetensors } from '../../../shared/backbone/safetensors-file.ts';
import { DamagedFileError } from '../../../shared/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'headstart-safetensors-'));
const path = join(folder, 'x.safetensors');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(header: unknown, data: Uint8Array): void {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, data]));
}

function readOne(dtype: string, data: ArrayBufferView, shape = [3]): Float32Array {
  write(
    { __metadata__: { format: 'pt' }, x: { dtype, shape, data_offsets: [0, data.byteLength] } },
    new Uint8Array(data.buffer),
  );
  const file = openSafetensors(path);
  try {
    return file.read('x').data;
  } finally {
    file.close();
  }
}

describe('openSafetensors', () => {
  it.each([
    ['F32', Float32Array.of(1, -2.5, 3)],
    ['F64', Float64Array.of(1, -2.5, 3)],
    ['F16', Float16Array.of(1, -2.5, 3)],
    // The upper halves of 1, -2.5 and 3.
    ['BF16', Uint16Array.of(0x3f80, 0xc020, 0x4040)],
  ] as const)('reads %s as float32', (dtype, data) => {
    expect(readOne(dtype, data)).toEqual(Float32Array.of(1, -2.5, 3));
  });

  it('lists names without the metadata', () => {
    readOne('F32', new Float32Array(3));
    const file = openSafetensors(path);

    expect([file.names, file.has('x'), file.has('__metadata__')]).toEqual([['x'], true, false]);
    file.close();
  });

  it.each([
    ['integers', 'I64', new BigInt64Array(3), [3], /F64, F32, F16 or BF16 numbers in tensor "x" .* received I64/],
    [
      'fewer bytes than the shape needs',
      'F32',
      new Float32Array(2),
      [3],
      /expected 12 bytes for tensor "x" .* received 8/,
    ],
  ] as const)('refuses a tensor of %s', (_, dtype, data, shape, message) => {
    expect(() => readOne(dtype, data, [...shape])).toThrow(message);
  });

  it.each([
    ['a header that is no JSON', '{"x": ', /JSON header of tensors/],
    ['a tensor without offsets', { x: { dtype: 'F32', shape: [1] } }, /JSON header of tensors/],
    [
      'offsets behind the end',
      { x: { dtype: 'F32', shape: [9], data_offsets: [0, 36] } },
      /the download stopped early/,
    ],
  ])('refuses %s', (_, header, message) => {
    write(header, new Uint8Array(8));

    expect(() => openSafetensors(path)).toThrow(DamagedFileError);
    expect(() => openSafetensors(path)).toThrow(message);
  });

  it('refuses a header that is cut short', () => {
    writeFileSync(path, Buffer.concat([Buffer.from([200, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"x": {"dtype"')]));

    expect(() => openSafetensors(path)).toThrow(/expected 208 bytes .* received 22: the download stopped early/);
  });
});
