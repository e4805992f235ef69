import { InvalidInputError } from '../errors.ts';
import type { Layout, Normalisation } from './normalisation.ts';

/** The part of a backbone's input that says how pixels become numbers: a BackboneInput fits. */
export interface PictureInput {
  readonly width: number;
  readonly height: number;
  readonly layout: Layout;
  readonly normalisation: Normalisation;
}

/**
 * Turns decoded pictures into a backbone's input: `value = (pixel * scale - mean[c]) / std[c]` in float64, rounded once to float32.
 *
 * @param pixels `[count, height, width, 3]` HWC uint8 RGB; not changed
 * @param out written from its start. @default a new array
 * @returns `out`: `[count, 3, height, width]` or `[count, height, width, 3]` float32, channels in the normalisation's order
 * @throws InvalidInputError when the arrays do not have room for `count` pictures
 */
export function normalise(
  pixels: Uint8Array,
  count: number,
  input: PictureInput,
  out: Float32Array = new Float32Array(count * input.width * input.height * 3),
): Float32Array {
  const area = input.width * input.height;
  if (pixels.length < count * area * 3 || out.length < count * area * 3) {
    throw new InvalidInputError(
      `expected room for ${count} pictures of ${input.width}x${input.height}x3 (${count * area * 3} values), ` +
        `received ${pixels.length} pixels and ${out.length} outputs; pass whole pictures`,
    );
  }
  const tables = tablesOf(input.normalisation);
  const fill = input.layout === 'NCHW' ? fillPlanes : fillInterleaved;
  for (let i = 0; i < count; i++) fill(pixels, out, i * area * 3, area, tables);
  return out;
}

/** For each channel of the output: which channel of RGB it reads, and the value of each of the 256 pixels. */
interface ChannelTable {
  readonly source: number;
  readonly values: Float32Array;
}
type Tables = readonly [ChannelTable, ChannelTable, ChannelTable];

const cachedTables = new WeakMap<Normalisation, Tables>();

function tablesOf(normalisation: Normalisation): Tables {
  let tables = cachedTables.get(normalisation);
  if (tables === undefined) {
    tables = [tableOf(normalisation, 0), tableOf(normalisation, 1), tableOf(normalisation, 2)];
    cachedTables.set(normalisation, tables);
  }
  return tables;
}

function tableOf({ channelOrder, scale, mean, std }: Normalisation, channel: 0 | 1 | 2): ChannelTable {
  const values = Float32Array.from({ length: 256 }, (_, pixel) => (pixel * scale - mean[channel]) / std[channel]);
  return { source: channelOrder === 'RGB' ? channel : 2 - channel, values };
}

/** One pass for each plane: each writes one run of memory, which is faster than three runs at once. */
function fillPlanes(pixels: Uint8Array, out: Float32Array, start: number, area: number, tables: Tables): void {
  let target = start;
  for (const { source, values } of tables) {
    for (let at = start + source, end = at + area * 3; at < end; at += 3) out[target++] = values[pixels[at] ?? 0] ?? 0;
  }
}

function fillInterleaved(pixels: Uint8Array, out: Float32Array, start: number, area: number, tables: Tables): void {
  const [first, second, third] = tables;
  for (let at = start, end = start + area * 3; at < end; at += 3) {
    out[at] = first.values[pixels[at + first.source] ?? 0] ?? 0;
    out[at + 1] = second.values[pixels[at + second.source] ?? 0] ?? 0;
    out[at + 2] = third.values[pixels[at + third.source] ?? 0] ?? 0;
  }
}
