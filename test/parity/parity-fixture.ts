import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** What test/parity/keras_resnet50.py and torchvision_resnet50.py write beside the weight files. */
export interface ResNet50Fixture {
  readonly baseWidth: number;
  /** `[1, height, width, 3]`. */
  readonly imageDims: readonly [number, number, number, number];
  /** base64 of uint8 RGB NHWC. */
  readonly image: string;
  /** `[1, height, width, channels]`. */
  readonly featuresDims: readonly [number, number, number, number];
  /** base64 of little-endian float32 NHWC. */
  readonly features: string;
  /** Of the weight files, unpacked, hex. */
  readonly sha256: Readonly<Record<string, string>>;
}

export const FIXTURE_FOLDER = join(import.meta.dirname, 'resnet50');

export function readFixture(name: 'resnet50-v1' | 'resnet50-v1.5', folder = FIXTURE_FOLDER): ResNet50Fixture {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as ResNet50Fixture;
}

/** Unpacks a committed weight file into a folder and returns its path. */
export function unpack(name: string, folder: string): string {
  const path = join(folder, name);
  writeFileSync(path, gunzipSync(readFileSync(join(FIXTURE_FOLDER, `${name}.gz`))));
  return path;
}

export function sha256Hex(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

export function decodeFloats(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}

export interface Difference {
  /** Largest absolute difference, divided by the largest expected value. */
  readonly max: number;
  /** Mean absolute difference, divided likewise. */
  readonly mean: number;
}

/** Holds `[1, C, H, W]` against Keras' `[1, H, W, C]`, element by element. */
export function compareFeatures(actual: ArrayLike<number>, fixture: ResNet50Fixture): Difference {
  const [, height, width, channels] = fixture.featuresDims;
  const expected = decodeFloats(fixture.features);
  const area = height * width;
  let [max, sum, scale] = [0, 0, 0];
  for (let position = 0; position < area; position++) {
    for (let channel = 0; channel < channels; channel++) {
      const want = expected[position * channels + channel] ?? NaN;
      const difference = Math.abs((actual[channel * area + position] ?? NaN) - want);
      max = Math.max(max, difference);
      sum += difference;
      scale = Math.max(scale, Math.abs(want));
    }
  }
  return { max: max / scale, mean: sum / expected.length / scale };
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at] ?? NaN, b[at] ?? NaN];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}
