import { describe, expect, it } from 'vitest';
import { planResNet50, type ResNet50Plan } from '../../../../shared/backbone/resnet50/plan-resnet50.ts';
import { kerasOrder } from '../../../../shared/backbone/keras-h5/keras-order.ts';

function convsOf(plan: ResNet50Plan) {
  return [plan.stem, ...plan.blocks.flatMap(({ convs, shortcut }) => (shortcut ? [...convs, shortcut] : [...convs]))];
}

/** Kernels, four numbers of normalisation for each channel, and biases where there are any. */
function parameterCount(plan: ResNet50Plan, hasBias: boolean): number {
  return convsOf(plan).reduce((sum, { size, inputChannels, outputChannels }) => {
    return sum + outputChannels * (size * size * inputChannels + 4 + (hasBias ? 1 : 0));
  }, 0);
}

describe('planResNet50', () => {
  it('has the number of parameters that Keras prints for ResNet50 without top', () => {
    expect(parameterCount(planResNet50('v1'), true)).toBe(23_587_712);
    expect(planResNet50('v1')).toMatchObject({ epsilon: 1.001e-5, channels: 2048 });
  });

  it('has the number of parameters and buffers of torchvision resnet50 without classifier', () => {
    // 25,557,032 published parameters, less 2,049,000 of fc, plus two buffers for each of 26,560 normalised channels.
    expect(parameterCount(planResNet50('v1.5'), false)).toBe(25_557_032 - 2_049_000 + 2 * 26_560);
    expect(planResNet50('v1.5')).toMatchObject({ epsilon: 1e-5, channels: 2048 });
  });

  it.each([
    ['v1', [2, 1, 1, 2]],
    ['v1.5', [1, 2, 1, 2]],
  ] as const)('strides %s in the right convolution, and in the shortcut', (variant, strides) => {
    for (const { index, stage, convs, shortcut } of planResNet50(variant).blocks) {
      const expected = stage > 0 && index === 0 ? strides : [1, 1, 1, 1];
      expect([...convs, shortcut ?? { stride: 1 }].map(({ stride }) => stride)).toEqual(expected);
    }
  });
});

describe('kerasOrder', () => {
  it('lists a shortcut before the third convolution, as Keras files do', () => {
    const order = kerasOrder(planResNet50('v1')).map(({ name }) => name);

    expect(order).toHaveLength(106);
    expect(order.slice(0, 10)).toEqual([
      'conv1_conv',
      'conv1_bn',
      'conv2_block1_1_conv',
      'conv2_block1_1_bn',
      'conv2_block1_2_conv',
      'conv2_block1_2_bn',
      'conv2_block1_0_conv',
      'conv2_block1_3_conv',
      'conv2_block1_0_bn',
      'conv2_block1_3_bn',
    ]);
  });
});
