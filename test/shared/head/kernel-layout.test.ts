import { describe, expect, it } from 'vitest';
import { packKernel, partsOf, unpackKernel } from '../../../shared/head/kernel-layout.ts';

const layout = { dimensions: 6, classCount: 2, parts: 2 };
const kernel = Float32Array.from({ length: 12 }, (_, i) => i);

describe('the layout of a kernel in the training graph', () => {
  it('holds each part transposed', () => {
    // Part 0 has inputs 0 to 2: the first class, then the second.
    expect([...packKernel(kernel, layout)]).toEqual([0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
  });

  it.each([1, 2, 3, 6])('gives the kernel back from %i parts', (parts) => {
    expect(unpackKernel(packKernel(kernel, { ...layout, parts }), { ...layout, parts })).toEqual(kernel);
  });
});

describe('partsOf', () => {
  it.each([
    ['a pooled ResNet50 of 100 classes is one part', 2048, 100, 1],
    ['a flattened ResNet50 has parts of 2,048 inputs', 100_352, 100, 49],
    ['1,600 classes have parts of 128 inputs', 2048, 1600, 16],
    ['a prime number cannot be divided', 2053, 1000, 1],
    ['no part has fewer than 64 inputs', 128, 65_536, 2],
  ])('%s', (_, dimensions, classCount, parts) => {
    expect(partsOf(dimensions, classCount)).toBe(parts);
  });
});
