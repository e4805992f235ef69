import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readJpegHeader } from '../../../shared/image/jpeg-header.ts';

const blank = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#456' } });

describe('readJpegHeader', () => {
  it.each([
    ['a baseline file', () => blank(31, 17).jpeg(), 3],
    ['a progressive file', () => blank(31, 17).jpeg({ progressive: true }), 3],
    [
      'a file with metadata',
      () =>
        blank(31, 17)
          .withExif({ IFD0: { Artist: 'x'.repeat(9000) } })
          .jpeg(),
      3,
    ],
    ['a grey file', () => blank(31, 17).toColourspace('b-w').jpeg(), 1],
    ['a CMYK file', () => blank(31, 17).toColourspace('cmyk').jpeg(), 4],
  ] as const)('reads size and components of %s', async (_, file, componentCount) => {
    const bytes = await file().toBuffer();

    expect(readJpegHeader(bytes)).toEqual({ width: 31, height: 17, componentCount });
  });

  it('passes over fill bytes before a marker', async () => {
    const bytes = await blank(5, 6).jpeg().toBuffer();
    const filled = Buffer.concat([bytes.subarray(0, 2), Buffer.alloc(7, 0xff), bytes.subarray(2)]);

    expect(readJpegHeader(filled)).toMatchObject({ width: 5, height: 6 });
  });

  it('finds none in a file that is cut, garbled or starts with the pixels', async () => {
    const bytes = await blank(5, 6).jpeg().toBuffer();
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));

    for (let length = 2; length < frame + 10; length++) expect(readJpegHeader(bytes.subarray(0, length))).toBeNull();
    expect(readJpegHeader(Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 17, 3, 17, 0]))).toBeNull();
    expect(readJpegHeader(Buffer.from('\u00ff\u00d8 nothing of the kind, but long enough', 'latin1'))).toBeNull();
    const open = Buffer.from(bytes);
    open.writeUInt16BE(0, frame + 5);
    expect(readJpegHeader(open)).toBeNull();
  });
});
