import { InvalidInputError } from '../../errors.ts';
import type { KerasLayer } from './keras-order.ts';
import type { LayerTensors } from './legacy-layout.ts';
import type { Hdf5File } from './open-hdf5.ts';

const CLASS_OF = { conv: 'conv2d', norm: 'batch_normalization' } as const;
const TENSORS_OF = { conv: 2, norm: 4 } as const;
/** Classes of layers with weights that ResNet50, with or without its classifier, has. */
const KNOWN_CLASSES = new Set(['conv2d', 'batch_normalization', 'dense']);

/** True for what Keras 3's `save_weights('x.weights.h5')` writes. */
export function isKeras3Layout(file: Hdf5File): boolean {
  return file.groupKeys('layers') !== null;
}

/**
 * Finds the tensors of each expected layer. The groups are named by class and counter in the model's order: `layers/conv2d`,
 * `layers/conv2d_1`, ...; tensors by number in `vars`.
 *
 * @param order of the network
 * @throws InvalidInputError (`wrong_weights`)
 */
export function readKeras3Layout(file: Hdf5File, order: readonly KerasLayer[]): readonly LayerTensors[] {
  assertCounts(file, order);
  const counters = { conv: 0, norm: 0 };
  return order.map(({ kind }) => {
    const counter = counters[kind]++;
    const group = `layers/${CLASS_OF[kind]}${counter === 0 ? '' : `_${String(counter)}`}`;
    return Array.from({ length: TENSORS_OF[kind] }, (_, tensor) => `${group}/vars/${String(tensor)}`);
  });
}

function assertCounts(file: Hdf5File, order: readonly KerasLayer[]): void {
  const counts = countClasses(file);
  const received = [...counts].map(([name, count]) => `${String(count)} ${name}`).join(', ');
  const isRight = (['conv', 'norm'] as const).every(
    (kind) => counts.get(CLASS_OF[kind]) === order.filter((layer) => layer.kind === kind).length,
  );
  if (isRight && [...counts.keys()].every((name) => KNOWN_CLASSES.has(name))) return;
  const half = String(order.length / 2);
  throw new InvalidInputError(
    `expected the ${half} conv2d and ${half} batch_normalization layers of ResNet50 in "${file.fileName}", ` +
      `received ${received === '' ? 'no layers with weights' : received}; give the weights of ResNet50, not of another network`,
    { code: 'wrong_weights' },
  );
}

/** Layers with weights, by class. */
function countClasses(file: Hdf5File): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const group of file.groupKeys('layers') ?? []) {
    if ((file.groupKeys(`layers/${group}/vars`) ?? []).length === 0) continue;
    const name = group.replace(/_\d+$/, '');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
