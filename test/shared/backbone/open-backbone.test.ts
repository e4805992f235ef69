import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Pooling } from '../../../shared/backbone/backbone.ts';
import { installBackbone, type BackboneToInstall } from '../../../shared/backbone/installed-backbones.ts';
import { dimensionsOf, openBackbone, openBackboneLazily } from '../../../shared/backbone/open-backbone.ts';
import { verifyBackbone } from '../../../shared/backbone/verify-backbone.ts';
import { DamagedFileError, InvalidInputError } from '../../../shared/errors.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { maxAbsDifference } from '../../support/arrays.ts';
import { numbers, SIDE } from './onnx/onnx-files.ts';
import { INPUT, OUTPUTS, smallBackbone, smallModel, temporaryFolder } from './small-backbone.ts';

const PICTURE = 3 * SIDE * SIDE;
const install = (changes?: Partial<BackboneToInstall>) =>
  installBackbone(smallBackbone(changes), { home: temporaryFolder() });

async function embed(pooling: Pooling, changes?: Partial<BackboneToInstall>, input = numbers(2 * PICTURE, 7)) {
  const backbone = await openBackbone(await install(changes), { pooling, threads: 1 });
  try {
    return { backbone, vectors: await backbone.embed(input, input.length / PICTURE) };
  } finally {
    await backbone.close();
  }
}

describe('openBackbone', () => {
  it('gives the mean over positions for avg and all positions in NHWC order for flatten', async () => {
    const { backbone, vectors: means } = await embed('avg');
    const { backbone: flat, vectors: all } = await embed('flatten');

    expect([backbone.dimensions, backbone.pooling]).toEqual([5, 'avg']);
    expect([flat.dimensions, flat.pooling]).toEqual([4 * 3 * 5, 'flatten']);
    expect([means.length, all.length]).toEqual([2 * 5, 2 * 60]);
    const expected = Array.from({ length: 10 }, (_, at) => {
      const [row, channel] = [Math.floor(at / 5), at % 5];
      let sum = 0;
      for (let position = 0; position < 12; position += 1) sum += all[row * 60 + position * 5 + channel] ?? NaN;
      return sum / 12;
    });
    expect(maxAbsDifference(means, expected)).toBeLessThan(1e-6);
    expect(new Set(means).size).toBeGreaterThan(5);
  });

  it('puts the value of channel c at row y and column x of [C, H, W] to [y, x, c]', async () => {
    // The map is the picture itself, so each value tells where it comes from.
    const graph = new GraphBuilder('same');
    const image = graph.addInput('image', 'float32', ['N', 3, SIDE, SIDE]);
    graph.addOutput(graph.add('Relu', [image]), 'float32', ['N', 3, SIDE, SIDE], 'features');
    const outputs = { ...OUTPUTS, features: { name: 'features', channels: 3, height: SIDE, width: SIDE } };
    const picture = Float32Array.from({ length: PICTURE }, (_, index) => index);

    const { vectors } = await embed('flatten', { model: graph.toModel(), outputs }, picture);

    for (const [c, y, x] of [
      [0, 0, 1],
      [2, 5, 3],
      [1, 7, 7],
    ] as const) {
      expect(vectors[(y * SIDE + x) * 3 + c]).toBe((c * SIDE + y) * SIDE + x);
    }
  });

  it('feeds a network with an NHWC input', async () => {
    const planes = numbers(PICTURE, 3);
    const interleaved = planes.map((_, at) => planes[(at % 3) * SIDE * SIDE + Math.floor(at / 3)] ?? 0);

    const nhwc = { model: smallModel(1, 'NHWC'), input: { ...INPUT, layout: 'NHWC' } } as const;
    const { vectors } = await embed('avg', nhwc, interleaved);

    expect(maxAbsDifference(vectors, (await embed('avg', {}, planes)).vectors)).toBeLessThan(1e-6);
  });

  it('refuses flatten without a feature map', async () => {
    const installed = await install({ outputs: { ...OUTPUTS, features: null } });

    await expect(openBackbone(installed, { pooling: 'flatten' })).rejects.toThrow(InvalidInputError);
    expect(() => dimensionsOf(installed, 'flatten')).toThrow(/feature map for --pooling flatten, received "small"/);
    expect(dimensionsOf(installed, 'avg')).toBe(5);
  });

  it('refuses a graph that gives vectors of another length than its facts say', async () => {
    const outputs = { ...OUTPUTS, embedding: { name: 'embedding', dimensions: 6 } };

    await expect(embed('avg', { outputs })).rejects.toThrow(DamagedFileError);
    await expect(embed('avg', { outputs })).rejects.toThrow(/12 float32 values in output "embedding" .* received 10/);
  });

  it('refuses a graph file that is missing or cut short', async () => {
    const installed = await install();

    writeFileSync(installed.modelPath, smallModel().subarray(0, 50));
    await expect(openBackbone(installed)).rejects.toThrow(DamagedFileError);
    rmSync(installed.modelPath);
    await expect(openBackbone(installed)).rejects.toThrow(/found no file; install it again/);
  });
});

describe('openBackboneLazily', () => {
  it('never loads the graph when no picture comes', async () => {
    const installed = await install();
    rmSync(installed.modelPath);

    const backbone = openBackboneLazily(installed, { pooling: 'flatten' });

    expect([backbone.dimensions, backbone.pooling]).toEqual([60, 'flatten']);
    await backbone.close();
  });

  it('gives what openBackbone gives, opened once for pictures that come at once', async () => {
    const backbone = openBackboneLazily(await install(), { threads: 1 });
    const input = numbers(2 * PICTURE, 7);

    const [first, second] = await Promise.all([backbone.embed(input, 2), backbone.embed(input, 2)]);
    await backbone.close();

    expect(first).toEqual((await embed('avg')).vectors);
    expect(second).toEqual(first);
  });

  it('refuses flatten without a feature map at once', async () => {
    const installed = await install({ outputs: { ...OUTPUTS, features: null } });

    expect(() => openBackboneLazily(installed, { pooling: 'flatten' })).toThrow(InvalidInputError);
  });
});

describe('verifyBackbone', () => {
  it('passes a backbone that is as installed', async () => {
    await verifyBackbone(await install());
  });

  it('notices one altered byte of the graph', async () => {
    const installed = await install();
    const bytes = Buffer.from(smallModel());
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
    writeFileSync(installed.modelPath, bytes);

    await expect(verifyBackbone(installed)).rejects.toThrow(/expected SHA-256/);
  });

  it('notices a network that gives NaN', async () => {
    const graph = new GraphBuilder('nan');
    const image = graph.addInput('image', 'float32', ['N', 3, SIDE, SIDE]);
    const pooled = graph.add('Flatten', [graph.add('GlobalAveragePool', [image])]);
    graph.addOutput(graph.add('Sqrt', [graph.add('Neg', [pooled])]), 'float32', ['N', 3], 'embedding');
    const outputs = { features: null, embedding: { name: 'embedding', dimensions: 3 } };

    await expect(verifyBackbone(await install({ model: graph.toModel(), outputs }))).rejects.toThrow(
      /finite values from backbone "small", received NaN/,
    );
  });
});
