import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importBackboneFile } from '../../../shared/backbone/import-backbone-file.ts';
import { listInstalledBackbones } from '../../../shared/backbone/installed-backbones.ts';
import { verifyBackbone } from '../../../shared/backbone/verify-backbone.ts';
import { InvalidInputError, NotFoundError } from '../../../shared/errors.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';
import { unpack } from '../../parity/parity-fixture.ts';
import { writeFullWidthWeights } from './full-width-weights.ts';
import { smallModel, temporaryFolder } from './small-backbone.ts';

const NAMED = { name: 'my-net', normalise: 'torch' } as const;

describe('importBackboneFile', () => {
  it('installs an ONNX file under the given name, licence and normalisation', async () => {
    const home = temporaryFolder();
    const file = join(home, 'net.bin');
    writeFileSync(file, smallModel());

    const installed = await importBackboneFile(file, { ...NAMED, home, licence: 'MIT' });

    expect(installed).toMatchObject({
      name: 'my-net',
      licence: 'MIT',
      precision: 'float32',
      parameterCount: 135,
      importedFrom: file,
      input: { normalisation: NORMALISATIONS.torch, layout: 'NCHW', width: 8, height: 8 },
    });
    await verifyBackbone(installed);
    expect(await listInstalledBackbones({ home })).toEqual([installed]);
  });

  it('says that a licence was not stated', async () => {
    const home = temporaryFolder();
    writeFileSync(join(home, 'net.onnx'), smallModel());

    expect((await importBackboneFile(join(home, 'net.onnx'), { ...NAMED, home })).licence).toBe('not stated');
  });

  it("installs ResNet50 weights of one's own, told by their bytes", async () => {
    const home = temporaryFolder();
    const file = join(home, 'fine-tuned.weights');
    writeFullWidthWeights(file);

    const installed = await importBackboneFile(file, { ...NAMED, home });

    expect(installed.outputs.features).toEqual({ name: 'features', channels: 2048, height: 7, width: 7 });
    expect(installed.parameterCount).toBeGreaterThan(23_400_000);
    expect(installed.input.normalisation).toEqual(NORMALISATIONS.torch);
  });
});

describe('importBackboneFile refuses', () => {
  it.each(['', 'My-Net', '../up', 'a/b', '-x', 'x'.repeat(65)])('the name "%s"', async (name) => {
    await expect(importBackboneFile('net.onnx', { ...NAMED, name })).rejects.toThrow(
      /lower-case letters, digits, dots and dashes for --name/,
    );
  });

  it('the name of a registered backbone', async () => {
    await expect(importBackboneFile('net.onnx', { ...NAMED, name: 'resnet50' })).rejects.toThrow(
      /received "resnet50", which is a registered backbone/,
    );
  });

  it('flags that have no meaning for a TF.js model or for weights', async () => {
    const folder = temporaryFolder();
    const weights = unpack('resnet50_notop.h5', folder);

    await expect(importBackboneFile('model.json', { ...NAMED, layout: 'NHWC' })).rejects.toThrow(InvalidInputError);
    await expect(importBackboneFile('model.json', { ...NAMED, layout: 'NHWC', input: 'x' })).rejects.toThrow(
      /no --input, --layout for "model.json".*leave them out/,
    );
    await expect(importBackboneFile(weights, { ...NAMED, features: 'x' })).rejects.toThrow(
      /no --features for .*: the network of these weights is known; leave the flag out/,
    );
  });

  it('a path where there is no file', async () => {
    const folder = temporaryFolder();

    await expect(importBackboneFile(join(folder, 'none.onnx'), NAMED)).rejects.toThrow(NotFoundError);
    await expect(importBackboneFile(folder, NAMED)).rejects.toThrow(/found a folder; check the path/);
    await expect(importBackboneFile(join(folder, 'none.json'), NAMED)).rejects.toThrow(NotFoundError);
  });
});
