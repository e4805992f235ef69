/**
 * `v1`: Keras; stride in a block's first 1x1, convolutions with bias. `v1.5`: torchvision and timm; stride in the 3x3, no bias.
 */
export const RESNET50_VARIANTS = ['v1', 'v1.5'] as const;
export type ResNet50Variant = (typeof RESNET50_VARIANTS)[number];

/** Channels behind the first convolution of the published network. */
export const RESNET50_BASE_WIDTH = 64;
const BLOCKS_OF_STAGE = [3, 4, 6, 3] as const;
const EPSILON: Readonly<Record<ResNet50Variant, number>> = { v1: 1.001e-5, 'v1.5': 1e-5 };

/** One convolution and the batch normalisation behind it. */
export interface ConvPlan {
  /** Of this project: `conv1`, `conv2_block1_0` (shortcut), `conv2_block1_1` ... */
  readonly name: string;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Side of the square kernel, pixels. */
  readonly size: number;
  readonly stride: number;
  /** Zeros on each side, pixels. */
  readonly padding: number;
}

/** `relu(convs(x) + shortcut(x))`; a null shortcut passes x as it is. */
export interface BlockPlan {
  /** `conv2_block1`, as Keras names it. */
  readonly name: string;
  /** From 0. */
  readonly stage: number;
  /** From 0, in its stage. */
  readonly index: number;
  readonly convs: readonly [ConvPlan, ConvPlan, ConvPlan];
  readonly shortcut: ConvPlan | null;
}

export interface ResNet50Plan {
  readonly variant: ResNet50Variant;
  /** Added to the variance before its square root. */
  readonly epsilon: number;
  readonly stem: ConvPlan;
  readonly blocks: readonly BlockPlan[];
  /** Of the last feature map: 2,048 at full width. */
  readonly channels: number;
}

/**
 * Every convolution of ResNet50, with shapes and strides.
 *
 * @param baseWidth channels behind the first convolution; other widths are for tests of the same topology
 * @see He et al., Deep Residual Learning for Image Recognition, 2015, table 1; keras/src/applications/resnet.py
 */
export function planResNet50(variant: ResNet50Variant, baseWidth = RESNET50_BASE_WIDTH): ResNet50Plan {
  const stem = { name: 'conv1', inputChannels: 3, outputChannels: baseWidth, size: 7, stride: 2, padding: 3 };
  const blocks = BLOCKS_OF_STAGE.flatMap((count, stage) =>
    Array.from({ length: count }, (_, index) => planBlock(variant, baseWidth, stage, index)),
  );
  return { variant, epsilon: EPSILON[variant], stem, blocks, channels: baseWidth * 32 };
}

function planBlock(variant: ResNet50Variant, baseWidth: number, stage: number, index: number): BlockPlan {
  const middle = baseWidth << stage;
  const outputs = 4 * middle;
  const inputs = index > 0 ? outputs : stage > 0 ? outputs / 2 : baseWidth;
  const stride = stage > 0 && index === 0 ? 2 : 1;
  const name = `conv${String(stage + 2)}_block${String(index + 1)}`;
  const [first, second] = variant === 'v1' ? [stride, 1] : [1, stride];
  return {
    name,
    stage,
    index,
    convs: [
      pointwise(`${name}_1`, inputs, middle, first),
      { name: `${name}_2`, inputChannels: middle, outputChannels: middle, size: 3, stride: second, padding: 1 },
      pointwise(`${name}_3`, middle, outputs, 1),
    ],
    shortcut: index === 0 ? pointwise(`${name}_0`, inputs, outputs, stride) : null,
  };
}

function pointwise(name: string, inputChannels: number, outputChannels: number, stride: number): ConvPlan {
  return { name, inputChannels, outputChannels, size: 1, stride, padding: 0 };
}
