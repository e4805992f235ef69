import { InvalidInputError } from '../../errors.ts';
import type { SafetensorsFile } from '../safetensors-file.ts';
import type { ResNet50Plan } from './plan-resnet50.ts';
import type { ConvTensorNames, ResNet50Source } from './resnet50-source.ts';

/**
 * Recognises torchvision's and timm's ResNet50 in a safetensors file, with or without its classifier.
 *
 * @throws InvalidInputError (`wrong_weights`) when it is another network; one that lacks a tensor is refused when that one is read
 */
export function locateTorchResNet50(file: SafetensorsFile, plan: ResNet50Plan): ResNet50Source {
  const names = new Map<string, ConvTensorNames>([[plan.stem.name, tensorNames('conv1', 'bn1')]]);
  for (const { stage, index, convs, shortcut } of plan.blocks) {
    const block = `layer${String(stage + 1)}.${String(index)}`;
    convs.forEach(({ name }, place) => {
      names.set(name, tensorNames(`${block}.conv${String(place + 1)}`, `${block}.bn${String(place + 1)}`));
    });
    if (shortcut) names.set(shortcut.name, tensorNames(`${block}.downsample.0`, `${block}.downsample.1`));
  }
  assertNothingElse(file, names);
  return { reader: file, kernelLayout: 'OIHW', names };
}

function tensorNames(conv: string, norm: string): ConvTensorNames {
  return {
    kernel: `${conv}.weight`,
    bias: null,
    gamma: `${norm}.weight`,
    beta: `${norm}.bias`,
    mean: `${norm}.running_mean`,
    variance: `${norm}.running_var`,
  };
}

/** A tensor that we would not read belongs to a deeper or other network. */
function assertNothingElse(file: SafetensorsFile, names: ReadonlyMap<string, ConvTensorNames>): void {
  const known = new Set<string | null>();
  for (const conv of names.values()) for (const name of Object.values<string | null>({ ...conv })) known.add(name);
  const isRead = (name: string) => known.has(name) || name.startsWith('fc.') || name.endsWith('.num_batches_tracked');
  const unknown = file.names.find((name) => !isRead(name));
  if (unknown === undefined) return;
  throw new InvalidInputError(
    `expected only tensors of torchvision's or timm's resnet50 in "${file.fileName}", received "${unknown}" among ` +
      `${String(file.names.length)}; give the weights of resnet50, not of another network`,
    { code: 'wrong_weights' },
  );
}
