import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

const HUES: Readonly<Record<string, [number, number, number]>> = {
  red: [210, 40, 40],
  green: [40, 180, 60],
  blue: [40, 70, 210],
  yellow: [220, 200, 40],
};

/** A picture of one colour with some noise, so that every file has other bytes; easy to tell apart for any backbone. */
export async function drawPicture(
  colour: string,
  number: number,
  format: 'jpeg' | 'png' | 'webp' = 'jpeg',
): Promise<Buffer> {
  const [width, height] = [96 + (number % 5) * 8, 80 + (number % 3) * 8];
  const base = HUES[colour] ?? [128, 128, 128];
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i += 1) {
    const wave = 30 * Math.sin((i / 3) * 0.01 * (number + 1)) + ((i * 7919 + number * 104_729) % 23);
    pixels[i] = Math.max(0, Math.min(255, (base[i % 3] ?? 0) + wave));
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** `<folder>/<label>/<label>-<n>.jpg`, `count` of each label. */
export async function drawDataset(folder: string, labels: readonly string[], count: number, first = 0): Promise<void> {
  for (const label of labels) {
    await mkdir(path.join(folder, label), { recursive: true });
    for (let number = first; number < first + count; number += 1) {
      await writeFile(path.join(folder, label, `${label}-${number}.jpg`), await drawPicture(label, number));
    }
  }
}
