import { describe, expect, it } from 'vitest';
import { installInPrecision, type CalibrationPictures } from '../../../shared/backbone/install-in-precision.ts';
import { installBackbone, listInstalledBackbones } from '../../../shared/backbone/installed-backbones.ts';
import { openBackbone } from '../../../shared/backbone/open-backbone.ts';
import { verifyBackbone } from '../../../shared/backbone/verify-backbone.ts';
import { CancelledError } from '../../../shared/errors.ts';
import { cosine } from '../../parity/parity-fixture.ts';
import { numbers, SIDE } from './onnx/onnx-files.ts';
import { temporaryFolder, wideBackbone } from './small-backbone.ts';

const pictures: CalibrationPictures = async function* ({ width, height }) {
  for (let seed = 1; seed <= 8; seed += 1) yield Promise.resolve(numbers(3 * width * height, seed));
};

describe('installInPrecision', () => {
  it('installs the same backbone in three precisions, each with its own id', async () => {
    const home = temporaryFolder();
    const float32 = await installInPrecision(wideBackbone(), 'float32', { home });
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
      const { model: _model, precision: _p, ...expected } = wideBackbone();
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
    await expect(installInPrecision(wideBackbone(), 'int8', { home: temporaryFolder() })).rejects.toThrow(
      /pictures to calibrate precision int8 with; name a folder by --calibrate/,
    );
  });

  it('stops when it is cancelled, and installs nothing', async () => {
    const home = temporaryFolder();
    const signal = AbortSignal.abort();

    const outcome = installInPrecision(wideBackbone(), 'int8', { home, calibration: pictures, signal });

    await expect(outcome).rejects.toThrow(CancelledError);
    expect(await listInstalledBackbones({ home })).toEqual([]);
  });

  it('reads an installed backbone from its file', async () => {
    const installed = await installBackbone(wideBackbone(), { home: temporaryFolder() });

    expect((await installInPrecision(installed, 'float32', { home: temporaryFolder() })).id).toBe(installed.id);
  });
});
