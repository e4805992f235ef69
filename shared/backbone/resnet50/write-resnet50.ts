import { GraphBuilder, type ValueName } from '../../onnx/graph-builder.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import type { BlockPlan, ConvPlan, ResNet50Plan } from './plan-resnet50.ts';
import { readConvWeights, type ResNet50Source } from './resnet50-source.ts';

export interface ResNet50GraphOptions {
  /** Pixels. @default 224 */
  readonly height?: number;
  /** Pixels. @default 224 */
  readonly width?: number;
}

/**
 * ResNet50 without its classifier as an ONNX graph: input `image` `[N, 3, height, width]` float32 NCHW in the channel order and
 * scale that the weights were trained with; outputs `features` `[N, C, ceil(height / 32), ceil(width / 32)]` and `embedding`
 * `[N, C]`, its mean over positions.
 *
 * @throws what readConvWeights throws
 */
export function writeResNet50(
  plan: ResNet50Plan,
  source: ResNet50Source,
  options: ResNet50GraphOptions = {},
): Uint8Array {
  const { height = 224, width = 224 } = options;
  const graph = new GraphBuilder('resnet50');
  const addConv = (x: ValueName, conv: ConvPlan) => addFoldedConv(graph, x, conv, plan, source);
  let x = graph.addInput('image', 'float32', ['N', 3, height, width]);
  x = graph.add('Relu', [addConv(x, plan.stem)]);
  // Keras pads with zeros and pools without padding; ONNX pads with -infinity. Behind a ReLU both give the same maximum.
  x = graph.add('MaxPool', [x], { kernel_shape: [3n, 3n], strides: [2n, 2n], pads: [1n, 1n, 1n, 1n] });
  const last = plan.blocks.at(-1);
  for (const block of plan.blocks) x = addBlock(graph, x, block, addConv, block === last ? 'features' : undefined);
  graph.addOutput(x, 'float32', ['N', plan.channels, reduced(height), reduced(width)]);
  const pooled = graph.add('GlobalAveragePool', [x]);
  graph.addOutput(graph.add('Flatten', [pooled], {}, 'embedding'), 'float32', ['N', plan.channels]);
  return graph.toModel({ architecture: `resnet50-${plan.variant}` });
}

function addBlock(
  graph: GraphBuilder,
  x: ValueName,
  block: BlockPlan,
  addConv: (x: ValueName, conv: ConvPlan) => ValueName,
  output?: ValueName,
): ValueName {
  const [first, second, third] = block.convs;
  const shortcut = block.shortcut ? addConv(x, block.shortcut) : x;
  const y = graph.add('Relu', [addConv(x, first)]);
  const z = graph.add('Relu', [addConv(y, second)]);
  return graph.add('Relu', [graph.add('Add', [addConv(z, third), shortcut])], {}, output);
}

function addFoldedConv(
  graph: GraphBuilder,
  x: ValueName,
  conv: ConvPlan,
  plan: ResNet50Plan,
  source: ResNet50Source,
): ValueName {
  const { name, size, inputChannels, outputChannels } = conv;
  const { kernel, bias } = foldBatchNorm(readConvWeights(source, conv), plan.epsilon);
  const weight = graph.addConstant('float32', [outputChannels, inputChannels, size, size], kernel, `${name}.weight`);
  const shift = graph.addConstant('float32', [outputChannels], bias, `${name}.bias`);
  const [side, stride, padding] = [BigInt(size), BigInt(conv.stride), BigInt(conv.padding)];
  return graph.add('Conv', [x, weight, shift], {
    kernel_shape: [side, side],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  });
}

/** Five halvings, each rounding up, as padding makes them. */
function reduced(pixels: number): number {
  return Math.ceil(pixels / 32);
}
