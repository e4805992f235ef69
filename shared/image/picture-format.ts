/** Formats that are recognised by their first bytes. A file's suffix is never trusted. */
export const PICTURE_FORMATS = ['jpeg', 'png', 'gif', 'webp', 'tiff', 'avif', 'bmp'] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

/** Pictures that people do have, but that the prebuilt libvips cannot read, or that are not made of pixels. */
export const UNSUPPORTED_FORMATS = ['heic', 'svg', 'jxl', 'jp2', 'psd', 'ico', 'pdf'] as const;
export type UnsupportedFormat = (typeof UNSUPPORTED_FORMATS)[number];

/** What the first bytes say; null when they are of no picture format. */
export function formatOf(bytes: Uint8Array): PictureFormat | UnsupportedFormat | null {
  for (const [format, offset, magic] of MAGICS) {
    if (magic.every((byte, i) => byte === null || bytes[offset + i] === byte)) return format;
  }
  return formatOfMediaFile(bytes) ?? (isSvg(bytes) ? 'svg' : null);
}

export function isSupported(format: PictureFormat | UnsupportedFormat): format is PictureFormat {
  return (PICTURE_FORMATS as readonly string[]).includes(format);
}

type Magic = readonly [format: PictureFormat | UnsupportedFormat, offset: number, bytes: readonly (number | null)[]];

const any = null;
const MAGICS: readonly Magic[] = [
  ['jpeg', 0, [0xff, 0xd8, 0xff]],
  ['png', 0, [0x89, ...ascii('PNG'), 0x0d, 0x0a, 0x1a, 0x0a]],
  ['gif', 0, [...ascii('GIF8'), any, ...ascii('a')]],
  ['webp', 0, [...ascii('RIFF'), any, any, any, any, ...ascii('WEBP')]],
  ['tiff', 0, [...ascii('II'), 0x2a, 0]],
  ['tiff', 0, [...ascii('MM'), 0, 0x2a]],
  ['tiff', 0, [...ascii('II'), 0x2b, 0]],
  ['tiff', 0, [...ascii('MM'), 0, 0x2b]],
  // The four reserved bytes are zero, so that a text which starts with "BM" is not taken for a bitmap.
  ['bmp', 0, [...ascii('BM'), any, any, any, any, 0, 0, 0, 0]],
  ['jxl', 0, [0xff, 0x0a]],
  ['jxl', 4, [...ascii('JXL ')]],
  ['jp2', 4, [...ascii('jP  ')]],
  ['psd', 0, [...ascii('8BPS')]],
  ['ico', 0, [0, 0, 1, 0]],
  ['pdf', 0, [...ascii('%PDF')]],
];

/** ISO base media files name what they are in `ftyp`: a major brand, a version, then compatible brands. */
function formatOfMediaFile(bytes: Uint8Array): PictureFormat | UnsupportedFormat | null {
  if (textAt(bytes, 4, 4) !== 'ftyp') return null;
  const size = Math.min(((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0), bytes.length, 256);
  const brands: string[] = [];
  for (let at = 8; at + 4 <= size; at += 4) brands.push(textAt(bytes, at, 4));
  if (brands.includes('avif') || brands.includes('avis')) return 'avif';
  return brands.some((brand) => /^(hei[cmsx]|hev[cmsx]|mif1|msf1)$/.test(brand)) ? 'heic' : null;
}

function isSvg(bytes: Uint8Array): boolean {
  const start = textAt(bytes, 0, 1024)
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart();
  return start.startsWith('<svg') || (/^<(\?xml|!--|!DOCTYPE svg)/i.test(start) && start.includes('<svg'));
}

function textAt(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}

function ascii(text: string): number[] {
  return [...Buffer.from(text, 'latin1')];
}
