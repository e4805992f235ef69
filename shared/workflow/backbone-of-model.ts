import type { InstalledBackbone } from '../backbone/backbone.ts';
import { EMBEDDED_BACKBONE } from '../backbone/backbone-registry.ts';
import { chooseBackbone } from '../backbone/choose-backbone.ts';
import { findBackboneById, type HomeOptions } from '../backbone/installed-backbones.ts';
import { NotFoundError } from '../errors.ts';
import type { ModelManifest } from '../registry/model-manifest.ts';

/**
 * The installed backbone that a model was trained on: another one, or another precision of the same, would give it other vectors.
 *
 * @throws NotFoundError that says how to install it
 */
export async function backboneOfModel(
  { version, backbone }: ModelManifest,
  options: HomeOptions = {},
): Promise<InstalledBackbone> {
  const installed = await findBackboneById(backbone.id, options);
  if (installed !== null) return installed;
  if (backbone.name === EMBEDDED_BACKBONE && backbone.precision === 'float32') {
    const embedded = await chooseBackbone({ ...options, name: EMBEDDED_BACKBONE });
    if (embedded.id === backbone.id) return embedded;
  }
  const precision = backbone.precision === 'float32' ? '' : ` --precision ${backbone.precision}`;
  throw new NotFoundError(
    `expected backbone ${backbone.id}, on which model ${version} was trained, found none with that id installed; ` +
      `run: headstart backbone pull ${backbone.name}${precision}, or train again with another backbone`,
    { code: 'backbone_not_installed' },
  );
}
