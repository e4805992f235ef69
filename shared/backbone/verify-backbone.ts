import { DamagedFileError } from '../errors.ts';
import type { InstalledBackbone } from './backbone.ts';
import { assertIntact } from './installed-backbones.ts';
import { openBackbone } from './open-backbone.ts';

/** Checks the file against its hash and runs it on one grey picture. @throws DamagedFileError */
export async function verifyBackbone(installed: InstalledBackbone): Promise<void> {
  await assertIntact(installed);
  const { width, height, normalisation } = installed.input;
  const { scale, mean, std } = normalisation;
  const grey = new Float32Array(3 * width * height).fill((128 * scale - mean[0]) / std[0]);
  const backbone = await openBackbone(installed, { threads: 1 });
  try {
    const values = await backbone.embed(grey, 1);
    if (values.every(Number.isFinite)) return;
    throw new DamagedFileError(
      `expected finite values from backbone "${installed.name}", received NaN or infinity; install it again`,
    );
  } finally {
    await backbone.close();
  }
}
