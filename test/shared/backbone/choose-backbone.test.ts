import { describe, expect, it } from 'vitest';
import { chooseBackbone } from '../../../shared/backbone/choose-backbone.ts';
import { installBackbone, listInstalledBackbones } from '../../../shared/backbone/installed-backbones.ts';
import { NotFoundError } from '../../../shared/errors.ts';
import { smallBackbone, temporaryFolder } from './small-backbone.ts';

describe('chooseBackbone', () => {
  it('imports the embedded backbone at its first use and finds it afterwards', async () => {
    const home = temporaryFolder();

    const first = await chooseBackbone({ home });

    expect(first).toMatchObject({ name: 'mobilenet-v2', precision: 'float32' });
    expect(first.outputs.embedding.dimensions).toBe(1792);
    expect(await listInstalledBackbones({ home })).toEqual([first]);
    expect(await chooseBackbone({ home })).toEqual(first);
  });

  it('gives the same embedded backbone to many that ask at once', async () => {
    const home = temporaryFolder();

    const chosen = await Promise.all([1, 2, 3].map(() => chooseBackbone({ home })));

    expect(new Set(chosen.map(({ id }) => id)).size).toBe(1);
  });

  it('prefers resnet50 where it is installed, whatever else is', async () => {
    const home = temporaryFolder();
    await installBackbone(smallBackbone({ name: 'mobilenet-v2' }), { home });
    const resnet = await installBackbone(smallBackbone({ name: 'resnet50', precision: 'int8' }), { home });

    expect(await chooseBackbone({ home })).toEqual(resnet);
    expect(await chooseBackbone({ home, name: 'mobilenet-v2' })).toMatchObject({ name: 'mobilenet-v2' });
  });

  it('takes a precision that is asked for to be one of the preferred backbone', async () => {
    const home = temporaryFolder();
    await installBackbone(smallBackbone({ name: 'resnet50' }), { home });

    await expect(chooseBackbone({ home, precision: 'int8-weights' })).rejects.toThrow(
      'expected backbone "resnet50" in precision int8-weights to be installed, found resnet50 (float32); ' +
        'run: headstart backbone pull resnet50 --precision int8-weights',
    );
  });

  it('says how to pull a known one that is not installed', async () => {
    const outcome = chooseBackbone({ home: temporaryFolder(), name: 'resnet50' });

    await expect(outcome).rejects.toThrow(NotFoundError);
    await expect(outcome).rejects.toMatchObject({ code: 'backbone_not_installed' });
    await expect(outcome).rejects.toThrow(
      'expected backbone "resnet50" to be installed, found none; run: headstart backbone pull resnet50',
    );
  });

  it("says how to import one of one's own, and which are there", async () => {
    const home = temporaryFolder();
    await installBackbone(smallBackbone(), { home });

    await expect(chooseBackbone({ home, name: 'my-net' })).rejects.toThrow(
      'found small (float32); run: headstart backbone import <file> --name my-net',
    );
  });
});
