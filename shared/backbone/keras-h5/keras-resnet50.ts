import { InvalidInputError } from '../../errors.ts';
import type { ResNet50Plan } from '../resnet50/plan-resnet50.ts';
import type { ConvTensorNames, ResNet50Source } from '../resnet50/resnet50-source.ts';
import { isKeras3Layout, readKeras3Layout } from './keras3-layout.ts';
import { kerasOrder, type KerasLayer } from './keras-order.ts';
import { isLegacyLayout, readLegacyLayout, type LayerTensors } from './legacy-layout.ts';
import type { Hdf5File } from './open-hdf5.ts';

/**
 * Recognises ResNet50 in a Keras HDF5 file of either layout.
 *
 * @throws InvalidInputError (`wrong_weights`) when it is another network or not a Keras file
 */
export function locateKerasResNet50(file: Hdf5File, plan: ResNet50Plan): ResNet50Source {
  const order = kerasOrder(plan);
  return { reader: file, kernelLayout: 'HWIO', names: namesByConv(order, readLayout(file, order)) };
}

function readLayout(file: Hdf5File, order: readonly KerasLayer[]): readonly LayerTensors[] {
  if (isLegacyLayout(file)) return readLegacyLayout(file, order);
  if (isKeras3Layout(file)) return readKeras3Layout(file, order);
  throw new InvalidInputError(
    `expected weights saved by Keras (attribute "layer_names" or group "layers") in "${file.fileName}", received groups ` +
      `[${(file.groupKeys('') ?? []).slice(0, 5).join(', ')}]; save them with model.save_weights`,
    { code: 'wrong_weights' },
  );
}

function namesByConv(
  order: readonly KerasLayer[],
  tensors: readonly LayerTensors[],
): ReadonlyMap<string, ConvTensorNames> {
  const parts = new Map<string, Partial<ConvTensorNames>>();
  order.forEach(({ conv, kind }, place) => {
    const [a = '', b = '', c = '', d = ''] = tensors[place] ?? [];
    const part = kind === 'conv' ? { kernel: a, bias: b } : { gamma: a, beta: b, mean: c, variance: d };
    parts.set(conv.name, { ...parts.get(conv.name), ...part });
  });
  const blank = { kernel: '', bias: null, gamma: '', beta: '', mean: '', variance: '' };
  return new Map([...parts].map(([name, part]) => [name, { ...blank, ...part }]));
}
