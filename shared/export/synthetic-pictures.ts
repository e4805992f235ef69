/** Not square, so that a mistake of axes shows. */
const WIDTH = 96;
const HEIGHT = 64;
const HEADER_BYTES = 54;
const COUNT = 4;

export interface SyntheticPicture {
  readonly name: string;
  /** A Windows bitmap of 24 bits a pixel: no compression, so the same bytes and pixels everywhere. */
  readonly bytes: Uint8Array;
}

/** Pictures with slopes, edges, and different contents in each channel and corner: they show nothing, and reach every layer. */
export function drawSyntheticPictures(): readonly SyntheticPicture[] {
  return Array.from({ length: COUNT }, (_, index) => ({
    name: `synthetic-${index + 1}.bmp`,
    bytes: toBitmap((x, y) => colourAt(x / WIDTH, y / HEIGHT, index)),
  }));
}

type Colour = readonly [red: number, green: number, blue: number];

/** @param x 0..1 from the left @param y 0..1 from the top */
function colourAt(x: number, y: number, index: number): Colour {
  const isInDisc = (x - 0.3 - 0.1 * index) ** 2 + (y - 0.5) ** 2 < 0.05;
  const isOnStripe = (x * (index + 2) + y) % 0.4 < 0.1;
  if (isInDisc) return [230 - 50 * index, 40 + 40 * index, 60];
  if (isOnStripe) return [20, 60 * index, 200];
  return [255 * x, 255 * y, 255 * (1 - x)];
}

/** Rows from the bottom up, blue first, as the format asks. */
function toBitmap(colour: (x: number, y: number) => Colour): Uint8Array {
  const rowBytes = WIDTH * 3;
  const bytes = new Uint8Array(HEADER_BYTES + rowBytes * HEIGHT);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, HEADER_BYTES, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, WIDTH, true);
  view.setInt32(22, HEIGHT, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  view.setUint32(34, rowBytes * HEIGHT, true);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const [red, green, blue] = colour(x, y);
      bytes.set([blue, green, red].map(Math.floor), HEADER_BYTES + (HEIGHT - 1 - y) * rowBytes + x * 3);
    }
  }
  return bytes;
}
