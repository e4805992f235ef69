import { planResNet50, type ConvPlan } from '../../shared/backbone/resnet50/plan-resnet50.ts';
import type { ResNet50Source } from '../../shared/backbone/resnet50/resnet50-source.ts';
import { writeResNet50 } from '../../shared/backbone/resnet50/write-resnet50.ts';
import type { WeightTensor } from '../../shared/backbone/weights-reader.ts';

/** ResNet50 at full width, Keras' variant, with weights from a formula: the same work as the published one, and no download. */
export function randomResNet50(): Uint8Array {
  const plan = planResNet50('v1');
  const convs = [
    plan.stem,
    ...plan.blocks.flatMap(({ convs, shortcut }) => [...convs, ...(shortcut ? [shortcut] : [])]),
  ];
  return writeResNet50(plan, sourceOf(convs));
}

const PARTS = ['kernel', 'gamma', 'beta', 'mean', 'variance'] as const;

function sourceOf(convs: readonly ConvPlan[]): ResNet50Source {
  const byTensor = new Map(convs.flatMap((conv) => PARTS.map((part) => [`${conv.name}.${part}`, { conv, part }])));
  const reader = {
    fileName: 'random weights',
    has: (name: string) => byTensor.has(name),
    read: (name: string) => {
      const found = byTensor.get(name);
      if (found === undefined) throw new TypeError(`expected a tensor of the plan, received "${name}"`);
      return tensorOf(found.conv, found.part);
    },
    close: () => undefined,
  };
  const names = convs.map(({ name }) => {
    const [kernel, gamma, beta, mean, variance] = PARTS.map((part) => `${name}.${part}`);
    return [name, { kernel, bias: null, gamma, beta, mean, variance }] as const;
  });
  return { reader, kernelLayout: 'OIHW', names: new Map(names) as ResNet50Source['names'] };
}

function tensorOf({ size, inputChannels, outputChannels }: ConvPlan, part: (typeof PARTS)[number]): WeightTensor {
  if (part !== 'kernel') {
    const value = part === 'beta' || part === 'mean' ? 0 : 1;
    return { dims: [outputChannels], data: new Float32Array(outputChannels).fill(value) };
  }
  const fanIn = inputChannels * size * size;
  // He's scale, halved: the sums of the shortcuts stay within float16 over all blocks.
  const scale = Math.sqrt(1 / fanIn);
  const data = Float32Array.from({ length: outputChannels * fanIn }, (_, i) => scale * Math.sin(i * 12.9898));
  return { dims: [outputChannels, inputChannels, size, size], data };
}
