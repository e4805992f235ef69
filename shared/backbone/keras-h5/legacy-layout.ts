import { InvalidInputError } from '../../errors.ts';
import type { Hdf5File } from './open-hdf5.ts';
import type { KerasLayer } from './keras-order.ts';

/** Dataset paths of one layer: kernel and bias, or gamma, beta, moving mean and moving variance. */
export type LayerTensors = readonly string[];

const TENSORS_OF = { conv: 2, norm: 4 } as const;

/** True for what `save_weights('x.h5')` and `save('x.h5')` write. */
export function isLegacyLayout(file: Hdf5File): boolean {
  return rootOf(file) !== null;
}

/**
 * Finds the tensors of each expected layer as Keras' own loader does: by order among the layers that have weights. Layer names are
 * free, but a name that belongs to another place of this network is refused, as it would load silently into the wrong one.
 *
 * @param order of the network
 * @throws InvalidInputError (`wrong_weights`)
 * @see keras/src/legacy/saving/legacy_h5_format.py, load_weights_from_hdf5_group
 */
export function readLegacyLayout(file: Hdf5File, order: readonly KerasLayer[]): readonly LayerTensors[] {
  const layers = withoutClassifier(listLayers(file), order);
  if (layers.length !== order.length) throw wrongLayerCount(file.fileName, layers, order.length);
  const places = new Map(order.map(({ name }, place) => [name, place]));
  return order.map((expected, place) => {
    const layer = layers[place];
    if (!layer) throw wrongLayerCount(file.fileName, layers, order.length);
    const namedPlace = places.get(layer.name);
    if (layer.tensors.length !== TENSORS_OF[expected.kind] || (namedPlace !== undefined && namedPlace !== place)) {
      throw new InvalidInputError(
        `expected layer "${expected.name}" with ${String(TENSORS_OF[expected.kind])} tensors as number ${String(place + 1)} of ` +
          `"${file.fileName}", received "${layer.name}" with ${String(layer.tensors.length)}; save the weights with Keras again`,
        { code: 'wrong_weights' },
      );
    }
    return layer.tensors;
  });
}

interface Layer {
  readonly name: string;
  readonly tensors: LayerTensors;
}

/** `model.save` puts the weights below `model_weights`, `save_weights` at the top. */
function rootOf(file: Hdf5File): { readonly path: string; readonly names: readonly string[] } | null {
  for (const path of ['', 'model_weights']) {
    const names = file.stringsOf(path, 'layer_names');
    if (names) return { path, names };
  }
  return null;
}

function listLayers(file: Hdf5File): readonly Layer[] {
  const root = rootOf(file);
  if (!root) return [];
  const at = (...segments: string[]) => segments.filter((segment) => segment !== '').join('/');
  return root.names
    .map((name) => ({
      name,
      tensors: (file.stringsOf(at(root.path, name), 'weight_names') ?? []).map((tensor) => at(root.path, name, tensor)),
    }))
    .filter(({ tensors }) => tensors.length > 0);
}

/** Files with top end in one dense layer. */
function withoutClassifier(layers: readonly Layer[], order: readonly KerasLayer[]): readonly Layer[] {
  const last = layers.at(-1);
  return layers.length === order.length + 1 && last?.tensors.length === 2 ? layers.slice(0, -1) : layers;
}

function wrongLayerCount(fileName: string, layers: readonly Layer[], expected: number): InvalidInputError {
  const first = layers.slice(0, 3).map(({ name }) => `"${name}"`);
  return new InvalidInputError(
    `expected the ${String(expected)} weight layers of ResNet50 in "${fileName}", received ${String(layers.length)}` +
      `${first.length > 0 ? ` (${first.join(', ')}, ...)` : ''}; give the weights of ResNet50, not of another network or a part of it`,
    { code: 'wrong_weights' },
  );
}
