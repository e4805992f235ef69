import type { RawPicture } from './bitmap.ts';
import type { PictureSize } from './picture.ts';
import { resizeFilter, type ResizeFilter } from './resize-filter.ts';
import { RESIZE_SIMD } from './resize-simd.ts';

/** Rows are scaled this many bytes at a time: a large picture need not be in the module's memory as a whole, which never shrinks. */
const STRIP_BYTES = 4 * 2 ** 20;
/** Rows that one call scales. */
const ROWS_AT_ONCE = 4;
/** The loops may touch this many bytes behind an array. */
const SLACK_BYTES = 16;
const PAGE_BYTES = 65_536;

/** What resize-simd.wat exports; places are in bytes of its memory. */
interface ResizeModule {
  readonly memory: WebAssembly.Memory;
  scaleFourRows(
    source: number,
    sourceStride: number,
    target: number,
    targetStride: number,
    filter: number,
    recordBytes: number,
    size: number,
  ): void;
  blendRows(source: number, stride: number, target: number, length: number, filter: number): void;
}

let opened: ResizeModule | null = null;

/** Once for each thread. */
function openModule(): ResizeModule {
  if (opened !== null) return opened;
  const module = new WebAssembly.Module(Buffer.from(RESIZE_SIMD, 'base64'));
  return (opened = new WebAssembly.Instance(module).exports as WebAssembly.Exports & ResizeModule);
}

/**
 * Scales a whole picture by a triangle filter that widens when the picture shrinks (antialiased): horizontally, rounded to 8 bits, then
 * vertically. Equal to Pillow's `resize(size, BILINEAR)` for every pixel.
 *
 * libvips' `resize({kernel: 'linear', fit: 'fill'})` is not: it rounds filter positions to 1/64 pixel and centres enlargements differently
 * (docs/decisions.md), and its difference depends on the picture's size.
 *
 * @param picture `[height, width, 3]` HWC uint8 RGB; not changed
 * @returns `[size.height, size.width, 3]` HWC uint8 RGB
 */
export function resizeBilinear(picture: RawPicture, size: PictureSize): Uint8Array {
  const { width, height, pixels } = picture;
  if (width === size.width && height === size.height) return pixels;
  // The filter of an equal size is the identity, so both passes always run.
  const plan = planMemory(picture, size);
  scaleRows(picture, resizeFilter(width, size.width, 3), plan);
  blendColumns(resizeFilter(height, size.height, plan.narrowStride), size.width * 3, plan);
  return plan.bytes.slice(plan.result, plan.result + size.height * size.width * 3);
}

/** Where things lie in the module's memory. */
interface MemoryPlan {
  readonly module: ResizeModule;
  readonly bytes: Uint8Array;
  readonly filter: number;
  readonly strip: number;
  readonly stripRows: number;
  /** Scaled horizontally: `height` rows of `[size.width, 3]`, `narrowStride` bytes apart, as the end of one must not touch the next. */
  readonly narrow: number;
  readonly narrowStride: number;
  readonly result: number;
}

function planMemory({ width, height }: RawPicture, size: PictureSize): MemoryPlan {
  const module = openModule();
  const stripRows = Math.min(
    roundUp(height, ROWS_AT_ONCE),
    roundUp(Math.ceil(STRIP_BYTES / (width * 3)), ROWS_AT_ONCE),
  );
  let end = 0;
  const take = (byteLength: number): number => {
    const start = end;
    end += roundUp(byteLength + SLACK_BYTES, SLACK_BYTES);
    return start;
  };
  const filter = take(Math.max(filterBytes(width, size.width), filterBytes(height, size.height)));
  const strip = take(stripRows * width * 3);
  const narrowStride = roundUp(size.width * 3 + 1, SLACK_BYTES);
  const narrow = take(roundUp(height, ROWS_AT_ONCE) * narrowStride);
  const result = take(size.height * size.width * 3);
  const missing = end - module.memory.buffer.byteLength;
  if (missing > 0) module.memory.grow(Math.ceil(missing / PAGE_BYTES));
  const bytes = new Uint8Array(module.memory.buffer);
  return { module, bytes, filter, strip, stripRows, narrow, narrowStride, result };
}

/** Above what resizeFilter takes. */
function filterBytes(inputSize: number, size: number): number {
  return size * (2 * Math.ceil(inputSize / size) + 5) * Int32Array.BYTES_PER_ELEMENT;
}

function scaleRows({ pixels, width, height }: RawPicture, filter: ResizeFilter, plan: MemoryPlan): void {
  const { module, bytes, strip, stripRows, narrow, narrowStride } = plan;
  const stride = width * 3;
  const recordBytes = storeFilter(filter, plan);
  for (let first = 0; first < height; first += stripRows) {
    const rows = Math.min(stripRows, height - first);
    bytes.set(pixels.subarray(first * stride, (first + rows) * stride), strip);
    for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
      const target = narrow + (first + row) * narrowStride;
      module.scaleFourRows(strip + row * stride, stride, target, narrowStride, plan.filter, recordBytes, filter.size);
    }
  }
}

function blendColumns(filter: ResizeFilter, rowBytes: number, plan: MemoryPlan): void {
  const { module, narrow, narrowStride, result } = plan;
  const recordBytes = storeFilter(filter, plan);
  for (let row = 0; row < filter.size; row++) {
    const record = plan.filter + row * recordBytes;
    module.blendRows(narrow, narrowStride, result + row * rowBytes, rowBytes, record);
  }
}

/** @returns bytes of a record */
function storeFilter({ records, recordLength }: ResizeFilter, { module, filter }: MemoryPlan): number {
  new Int32Array(module.memory.buffer, filter, records.length).set(records);
  return recordLength * Int32Array.BYTES_PER_ELEMENT;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
