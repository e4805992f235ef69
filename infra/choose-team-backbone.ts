import type { InstalledBackbone } from '../shared/backbone/backbone.ts';
import { chooseBackbone } from '../shared/backbone/choose-backbone.ts';
import { findInstalledBackbone } from '../shared/backbone/installed-backbones.ts';
import { PREFERRED_BACKBONE } from '../shared/backbone/backbone-registry.ts';
import { assertIntact } from '../shared/backbone/installed-backbones.ts';
import type { ResolvedSettings } from './team-settings.ts';

/**
 * The backbone that the functions carry, from the local backbone home. Of several precisions the one with int8 weights: it answers at the same speed
 * as float32 and is a quarter of its size, which a cold start has to read.
 *
 * @throws NotFoundError that says what to pull; DamagedFileError when the file is not the one that was installed
 */
export async function chooseTeamBackbone({ backbone, precision }: ResolvedSettings): Promise<InstalledBackbone> {
  const light =
    precision === undefined ? await findInstalledBackbone(backbone ?? PREFERRED_BACKBONE, 'int8-weights') : null;
  const chosen =
    light ?? (await chooseBackbone({ ...(backbone && { name: backbone }), ...(precision && { precision }) }));
  await assertIntact(chosen);
  return chosen;
}
