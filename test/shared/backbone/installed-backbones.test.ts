import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  assertIntact,
  findBackboneById,
  findInstalledBackbone,
  installBackbone,
  listInstalledBackbones,
} from '../../../shared/backbone/installed-backbones.ts';
import { DamagedFileError, HeadstartError } from '../../../shared/errors.ts';
import { PREPROCESSING_VERSION } from '../../../shared/image/picture.ts';
import { INPUT, OUTPUTS, smallBackbone, smallModel, temporaryFolder } from './small-backbone.ts';

/** Root may write everywhere. */
const canBeDenied = process.getuid?.() !== 0 && process.platform !== 'win32';

describe('installBackbone', () => {
  it('stores the graph and its facts under name and precision, with an id made of the hash', async () => {
    const home = temporaryFolder();
    const model = smallModel();

    const installed = await installBackbone(smallBackbone(), { home });

    const sha256 = createHash('sha256').update(model).digest('hex');
    expect(installed).toEqual({
      id: `small-float32-${sha256.slice(0, 12)}-p${PREPROCESSING_VERSION}`,
      name: 'small',
      precision: 'float32',
      licence: 'MIT',
      parameterCount: 135,
      input: INPUT,
      outputs: OUTPUTS,
      importedFrom: 'test',
      sha256,
      sizeBytes: model.length,
      modelPath: join(home, 'backbones', 'small', 'float32', 'model.onnx'),
    });
    expect(new Uint8Array(readFileSync(installed.modelPath))).toEqual(new Uint8Array(model));
    expect(await findInstalledBackbone('small', undefined, { home })).toEqual(installed);
    expect(await findBackboneById(installed.id, { home })).toEqual(installed);
  });

  it('gives the same id for the same graph and another for another one', async () => {
    const [first, same, other] = await Promise.all([
      installBackbone(smallBackbone(), { home: temporaryFolder() }),
      installBackbone(smallBackbone({ licence: 'other' }), { home: temporaryFolder() }),
      installBackbone(smallBackbone({ model: smallModel(2) }), { home: temporaryFolder() }),
    ]);

    expect(same.id).toBe(first.id);
    expect(other.id).not.toBe(first.id);
  });

  it('replaces the one of the same name and precision and leaves nothing beside it', async () => {
    const home = temporaryFolder();
    await installBackbone(smallBackbone(), { home });

    const second = await installBackbone(smallBackbone({ model: smallModel(2) }), { home });

    expect(await listInstalledBackbones({ home })).toEqual([second]);
    await assertIntact(second);
    expect(readdirSync(join(home, 'backbones', 'small'))).toEqual(['float32']);
  });

  it('does not touch the files when the very same is installed again', async () => {
    const home = temporaryFolder();
    const { modelPath } = await installBackbone(smallBackbone(), { home });
    utimesSync(modelPath, 1, 1);

    await installBackbone(smallBackbone(), { home });

    expect(statSync(modelPath).mtimeMs).toBe(1000);
  });

  it('mends a graph that was altered', async () => {
    const home = temporaryFolder();
    const { modelPath } = await installBackbone(smallBackbone(), { home });
    writeFileSync(modelPath, 'other bytes');

    await assertIntact(await installBackbone(smallBackbone(), { home }));
  });

  it('keeps precisions side by side and finds float32 first', async () => {
    const home = temporaryFolder();
    const int8 = await installBackbone(smallBackbone({ precision: 'int8-weights' }), { home });
    expect(await findInstalledBackbone('small', undefined, { home })).toEqual(int8);

    const float32 = await installBackbone(smallBackbone(), { home });

    expect(await findInstalledBackbone('small', undefined, { home })).toEqual(float32);
    expect(await findInstalledBackbone('small', 'int8-weights', { home })).toEqual(int8);
    expect(await findInstalledBackbone('small', 'int8', { home })).toBeNull();
    expect(await listInstalledBackbones({ home })).toHaveLength(2);
  });

  it('leaves one whole backbone when many are installed under one name at once, and is never seen without', async () => {
    const home = temporaryFolder();
    const models = Array.from({ length: 12 }, (_, seed) => smallModel(seed % 4));

    await installBackbone(smallBackbone(), { home });

    const found = await Promise.all(
      models.map(async (model) => {
        await installBackbone(smallBackbone({ model }), { home });
        return findInstalledBackbone('small', 'float32', { home });
      }),
    );

    expect(found).not.toContain(null);
    const [installed] = await listInstalledBackbones({ home });
    if (installed === undefined) throw new Error('expected one backbone');
    await assertIntact(installed);
    expect(readdirSync(join(home, 'backbones', 'small'))).toEqual(['float32']);
  });

  it('removes what a crash left a day ago, and nothing younger', async () => {
    const home = temporaryFolder();
    const parent = join(home, 'backbones', 'small');
    mkdirSync(join(parent, 'float32.partial-old'), { recursive: true });
    mkdirSync(join(parent, 'float32.partial-young'));
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    utimesSync(join(parent, 'float32.partial-old'), twoDaysAgo, twoDaysAgo);

    await installBackbone(smallBackbone(), { home });

    expect(readdirSync(parent).sort()).toEqual(['float32', 'float32.partial-young']);
  });

  it('fails with the folder and what to do when the home is a file', async () => {
    const home = join(temporaryFolder(), 'file');
    writeFileSync(home, '');

    await expect(installBackbone(smallBackbone(), { home })).rejects.toThrow(HeadstartError);
    await expect(installBackbone(smallBackbone(), { home })).rejects.toThrow(
      /store backbone "small" in ".*small.float32".*HEADSTART_HOME/,
    );
  });

  it.skipIf(!canBeDenied)('fails in a home that is read-only and keeps the old one (not as root)', async () => {
    const home = temporaryFolder();
    const old = await installBackbone(smallBackbone(), { home });
    const parent = dirname(dirname(old.modelPath));
    chmodSync(parent, 0o555);
    onTestFinished(() => {
      chmodSync(parent, 0o755);
    });

    await expect(installBackbone(smallBackbone({ model: smallModel(2) }), { home })).rejects.toMatchObject({
      code: 'not_writable',
    });
    await assertIntact((await findInstalledBackbone('small', 'float32', { home })) ?? old);
    expect(await findInstalledBackbone('small', 'float32', { home })).toEqual(old);
  });
});

describe('a damaged backbone', () => {
  async function installDamaged(change: (facts: Record<string, unknown>) => unknown) {
    const home = temporaryFolder();
    const { modelPath } = await installBackbone(smallBackbone(), { home });
    const file = join(dirname(modelPath), 'backbone.json');
    const changed = change(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
    writeFileSync(file, typeof changed === 'string' ? changed : JSON.stringify(changed));
    return home;
  }

  it.each([
    ['cut short', () => '{"formatVersion": 1, "id": "sm', /JSON/],
    ['without a hash', ({ sha256: _, ...facts }: Record<string, unknown>) => facts, /sha256/],
    ['of a newer format', (facts: Record<string, unknown>) => ({ ...facts, formatVersion: 2 }), /formatVersion/],
    [
      'with text for a size',
      (facts: Record<string, unknown>) => ({ ...facts, input: { ...INPUT, width: 'x' } }),
      /input\.width/,
    ],
  ])('whose facts are %s is named with its file and the field', async (_, change, field) => {
    const home = await installDamaged(change);
    const outcome = findInstalledBackbone('small', undefined, { home });

    await expect(outcome).rejects.toThrow(DamagedFileError);
    await expect(outcome).rejects.toThrow(/in ".*small.float32.backbone\.json".*install the backbone again/);
    await expect(outcome).rejects.toThrow(field);
  });

  it('is left out of the listing, which shows the others', async () => {
    const home = await installDamaged(() => '');
    const other = await installBackbone(smallBackbone({ name: 'other' }), { home });

    expect(await listInstalledBackbones({ home })).toEqual([other]);
  });

  it('is whole again after an installation', async () => {
    const home = await installDamaged(() => '');

    await assertIntact(await installBackbone(smallBackbone(), { home }));
  });

  it('whose graph is missing, cut short or altered is told apart', async () => {
    const installed = await installBackbone(smallBackbone(), { home: temporaryFolder() });
    const bytes = readFileSync(installed.modelPath);

    const last = bytes.length - 1;
    bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
    writeFileSync(installed.modelPath, bytes);
    await expect(assertIntact(installed)).rejects.toThrow(/expected SHA-256 .* for backbone "small"/);
    writeFileSync(installed.modelPath, bytes.subarray(0, 100));
    await expect(assertIntact(installed)).rejects.toThrow(/bytes for backbone "small" in ".*", found 100/);
    rmSync(installed.modelPath);
    await expect(assertIntact(installed)).rejects.toThrow(/found no file; install it again/);
  });
});

it('nothing is installed in a home that does not exist', async () => {
  const home = join(temporaryFolder(), 'none');

  expect(await listInstalledBackbones({ home })).toEqual([]);
  expect(await findInstalledBackbone('small', undefined, { home })).toBeNull();
});
