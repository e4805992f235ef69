import { describe, expect, it } from 'vitest';
import { installInPrecision, type CalibrationPictures } from '../../../shared/backbone/install-in-precision.ts';
import { installBackbone, listInstalledBackbones } from '../../../shared/backbone/installed-backbones.ts';
import { openBackbone } from '../../../shared/backbone/open-backbone.ts';
import { verifyBackbone } from '../../../shared/backbone/verify-backbone.ts';
import { CancelledError } from '../../../shared/errors.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { cosine } from '../../parity/parity-fixture.ts';
import { constant, numbers, SIDE } from './onnx/onnx-files.ts';
import { OUTPUTS, smallBackbone, temporaryFolder } from './small-backbone.ts';

/** With enough weights for a channel to be stored as int8. */
function wideModel(): Uint8Array {
  const graph = new GraphBuilder('wide');
  const image = graph.addInput('image', 'float32', ['N', 3, SIDE, SIDE]);
  const attributes = { strides: [2n, 2n] };
  const first = graph.add('Relu', [graph.add('Conv', [image, constant(graph, [32, 3, 4, 4], 1)], attributes)]);
  const map = graph.add('Relu', [graph.add('Conv', [first, constant(graph, [48, 32, 1, 1], 2)])], {}, 'features');
  graph.addOutput(map, 'float32', ['N', 48, 3, 3]);
  graph.addOutput(graph.add('Flatten', [graph.add('GlobalAveragePool', [map])]), 'float32', ['N', 48], 'embedding');
  return graph.toModel();
}

const BACKBONE = smallBackbone({
  model: wideModel(),
  outputs: {
    features: { ...OUTPUTS.features, name: 'features', channels: 48, height: 3, width: 3 },
    embedding: { name: 'embedding', dimensions: 48 },
  },
});

const pictures: CalibrationPictures = async function* ({ width, height }) {
  for (let seed = 1; seed <= 8; seed += 1) yield Promise.resolve(numbers(3 * width * height, seed));
};

describe('installInPrecision', () => {
  it('installs the same backbone in three precisions, each with its own id', async () => {
    const home = temporaryFolder();
    const float32 = await installInPrecision(BACKBONE, 'float32', { home });
    const weights = await installInPrecision(float32, 'int8-weights', { home });
    const int8 = await installInPrecision(float32, 'int8', { home, calibration: pictures });

    expect(new Set([float32, weights, int8].map(({ id }) => id)).size).toBe(3);
    expect(await listInstalledBackbones({ home })).toEqual([float32, weights, int8]);
    expect(weights.sizeBytes).toBeLessThan(float32.sizeBytes);
    const input = numbers(3 * SIDE * SIDE, 99);
    const vectors = [];
    for (const installed of [float32, weights, int8]) {
      await verifyBackbone(installed);
      const { modelPath: _, sha256: _sha, sizeBytes: _size, id: _id, precision: _precision, ...facts } = installed;
      const { model: _model, precision: _p, ...expected } = BACKBONE;
      expect(facts).toEqual(expected);
      const backbone = await openBackbone(installed, { threads: 1 });
      vectors.push(await backbone.embed(input, 1));
      await backbone.close();
    }
    const [exact = [], stored = [], computed = []] = vectors;
    expect(cosine(stored, exact)).toBeGreaterThan(0.9999);
    expect(cosine(computed, exact)).toBeGreaterThan(0.999);
    expect(computed).not.toEqual(exact);
  });

  it('refuses int8 without pictures, and names the flag', async () => {
    await expect(installInPrecision(BACKBONE, 'int8', { home: temporaryFolder() })).rejects.toThrow(
      /pictures to calibrate precision int8 with; name a folder by --calibrate/,
    );
  });

  it('stops when it is cancelled, and installs nothing', async () => {
    const home = temporaryFolder();
    const signal = AbortSignal.abort();

    const outcome = installInPrecision(BACKBONE, 'int8', { home, calibration: pictures, signal });

    await expect(outcome).rejects.toThrow(CancelledError);
    expect(await listInstalledBackbones({ home })).toEqual([]);
  });

  it('reads an installed backbone from its file', async () => {
    const installed = await installBackbone(BACKBONE, { home: temporaryFolder() });

    expect((await installInPrecision(installed, 'float32', { home: temporaryFolder() })).id).toBe(installed.id);
  });
});
