import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { quantiseBackbone } from '../../shared/backbone/quantise/quantise-backbone.ts';
import { quantiseWeights } from '../../shared/backbone/quantise/quantise-weights.ts';
import { importResNet50 } from '../../shared/backbone/resnet50/import-resnet50.ts';
import { compareFeatures, cosine, readFixture, sha256Hex, unpack } from './parity-fixture.ts';
import { pictureOf, runBackbone } from './run-backbone.ts';

const FILES = [
  ['resnet50-v1', 'resnet50_notop.h5', 'Keras legacy layout'],
  ['resnet50-v1', 'resnet50_keras2_notop.h5', 'Keras 2 layout with split attributes'],
  ['resnet50-v1', 'resnet50.weights.h5', 'Keras 3 layout'],
  ['resnet50-v1.5', 'resnet50-v1.5.safetensors', 'torchvision safetensors'],
] as const;
/** Measured: 2e-7 to 1e-6. float32 sums in another order; ten times the smallest effect of a lost tensor (leastEffectOfATensor). */
const TOLERANCE = 1e-4;

const folder = mkdtempSync(join(tmpdir(), 'headstart-parity-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function importFixture(name: 'resnet50-v1' | 'resnet50-v1.5', file: string) {
  const fixture = readFixture(name);
  const [, height, width] = fixture.imageDims;
  const path = unpack(file, folder);
  const imported = await importResNet50(path, { baseWidth: fixture.baseWidth, height, width });
  return { fixture, path, imported, picture: pictureOf(fixture, imported.variant), dims: [3, height, width] };
}

describe.each(FILES)('%s from %s (%s)', (name, file) => {
  it('is the file that the generator wrote', () => {
    expect(sha256Hex(unpack(file, folder))).toBe(readFixture(name).sha256[file]);
  });

  it('gives the features of the reference, every element, and their mean as embedding', async () => {
    const { fixture, imported, picture, dims } = await importFixture(name, file);

    const { features, embedding } = await runBackbone(imported.model, picture, dims);

    const [, height, width, channels] = fixture.featuresDims;
    expect(features.dims).toEqual([1, channels, height, width]);
    expect(compareFeatures(features.data, fixture).max).toBeLessThanOrEqual(TOLERANCE);
    expect(embedding.dims).toEqual([1, imported.dimensions]);
    const area = height * width;

    for (let channel = 0; channel < channels; channel++) {
      const mean =
        features.data.slice(channel * area, (channel + 1) * area).reduce((sum, value) => sum + value, 0) / area;
      expect(embedding.data[channel]).toBeCloseTo(mean, 3);
    }
  });

  it('keeps the direction of the embedding in both int8 precisions', async () => {
    const { imported, picture, dims } = await importFixture(name, file);
    const float32 = await runBackbone(imported.model, picture, dims);

    const weights = await runBackbone(quantiseWeights(imported.model), picture, dims);
    const full = await quantiseBackbone(imported.model, [picture], { threads: 2 });
    const int8 = await runBackbone(full.model, picture, dims);

    expect(cosine(weights.embedding.data, float32.embedding.data)).toBeGreaterThan(0.9995);
    // Two to sixteen channels a layer average little; full width: 0.9995 (test/parity/README.md).
    expect(cosine(int8.embedding.data, float32.embedding.data)).toBeGreaterThan(0.99);
    expect(full.report).toMatchObject({ pictures: 1, floatProducts: 0 });
  });
});
