import type { Dims, ElementType } from '../onnx/graph-builder.ts';

/** What decides the shape of the training graph; everything else is fed at run time. */
export interface TrainingGraphShape {
  /** D. */
  readonly dimensions: number;
  /** C. */
  readonly classCount: number;
  /** Parts in which a step walks over the kernel (kernel-layout.ts). */
  readonly parts: number;
  /** Without it `maskPool` and `maskRows` do not exist. */
  readonly hasDropout: boolean;
  /** Without it `l2Scale` and `squaredNorm` do not exist. */
  readonly hasL2: boolean;
}

/** Parameters and Adam's moments, in the order in which the Scan carries them. */
export const STATE_NAMES = ['kernel', 'bias', 'kernelM', 'kernelV', 'biasM', 'biasV'] as const;
export type StateName = (typeof STATE_NAMES)[number];

/** An input that changes with the step: the Scan hands its slice i to step i, as `step_<name>`. */
export interface StepInput {
  readonly name: string;
  readonly type: ElementType;
  /** Behind the leading S. */
  readonly dims: Dims;
}

export function inputsOfPart({ dimensions, parts }: TrainingGraphShape): number {
  return dimensions / parts;
}

export function stateDims(name: StateName, shape: TrainingGraphShape): number[] {
  const { classCount, parts } = shape;
  if (!name.startsWith('kernel')) return [classCount, 1];
  return [...(parts === 1 ? [] : [parts]), classCount, inputsOfPart(shape)];
}
