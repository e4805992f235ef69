import type { ConvPlan, ResNet50Plan } from '../resnet50/plan-resnet50.ts';

/** A layer with weights, as Keras lists it. */
export interface KerasLayer {
  /** In keras.applications: `conv2_block1_0_bn`. */
  readonly name: string;
  readonly kind: 'conv' | 'norm';
  readonly conv: ConvPlan;
}

/**
 * The 106 layers with weights in the order of Keras' `model.layers`, which sorts by depth in the graph: in a block with a shortcut
 * both convolutions before the sum come before both of their normalisations.
 */
export function kerasOrder(plan: ResNet50Plan): readonly KerasLayer[] {
  const conv = (of: ConvPlan): KerasLayer => ({ name: `${of.name}_conv`, kind: 'conv', conv: of });
  const norm = (of: ConvPlan): KerasLayer => ({ name: `${of.name}_bn`, kind: 'norm', conv: of });
  const blocks = plan.blocks.flatMap(({ convs: [first, second, third], shortcut }) => [
    ...[conv(first), norm(first), conv(second), norm(second)],
    ...(shortcut ? [conv(shortcut), conv(third), norm(shortcut), norm(third)] : [conv(third), norm(third)]),
  ]);
  return [conv(plan.stem), norm(plan.stem), ...blocks];
}
