import { describe, expect, it } from 'vitest';
import {
  BACKBONE_ENTRIES,
  backboneEntry,
  EMBEDDED_BACKBONE,
  PREFERRED_BACKBONE,
} from '../../../shared/backbone/backbone-registry.ts';
import { InvalidInputError } from '../../../shared/errors.ts';

describe.each(BACKBONE_ENTRIES.map((entry) => [entry.name, entry] as const))('the entry %s', (name, entry) => {
  it('has a unique name that may stand in a path and an id', () => {
    expect(name).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
    expect(BACKBONE_ENTRIES.filter((other) => other.name === name)).toHaveLength(1);
  });

  it('has sources that can be fetched, and hashes of the length that their algorithm gives', () => {
    expect(entry.sources.length).toBeGreaterThan(0);
    for (const { url, format, hash } of entry.sources) {
      expect(url).toMatch(format === 'tfjs-graph' ? /^npm:/ : /^https:\/\/.+\.(h5|safetensors|onnx)$/);
      if (hash !== null) expect(hash.hex).toMatch(hash.algorithm === 'md5' ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{64}$/);
    }
  });

  it('says what its vectors are', () => {
    const { features, embedding } = entry.outputs;
    if (features !== null) expect(features.channels).toBe(embedding.dimensions);
    expect(embedding).toMatchObject({ name: 'embedding' });
    expect(entry.sources.every(({ embeddingValue }) => (embeddingValue !== undefined) === (features === null))).toBe(
      true,
    );
  });

  it('says how its input is made, and under which licence', () => {
    const { width, height, normalisation } = entry.input;
    expect([width, height]).toEqual([224, 224]);
    expect(normalisation.std.every((value) => value > 0)).toBe(true);
    expect(entry.licence).toMatch(/^(MIT|Apache-2\.0) \(.+\)$/);
    expect(entry.parameterCount).toBeGreaterThan(1e6);
  });
});

describe('the registry', () => {
  it('knows hashes of what was seen or is published, and of nothing else', () => {
    const verified = BACKBONE_ENTRIES.filter(({ sources }) => sources.every(({ hash }) => hash !== null));

    expect(verified.map(({ name }) => name)).toEqual([PREFERRED_BACKBONE, EMBEDDED_BACKBONE]);
    expect(backboneEntry('resnet50').sources[0]?.hash).toEqual({
      algorithm: 'md5',
      hex: '4d473c1dd8becc155b73f8504c6f6626',
    });
  });

  it('names its entries when another name is asked for', () => {
    expect(() => backboneEntry('resnet18')).toThrow(InvalidInputError);
    expect(() => backboneEntry('resnet18')).toThrow(
      /one of resnet50, mobilenet-v2, .* received "resnet18".*backbone import/,
    );
  });
});
