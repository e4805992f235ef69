import { GraphBuilder } from '../../shared/onnx/graph-builder.ts';
import { openSession } from '../../shared/onnx/session.ts';
import type { Variant } from './measure.ts';

/** Name of the variant. */
export const PRODUCTS = 'the two products of each step alone';

export interface StepProducts {
  readonly dimensions: number;
  readonly classes: number;
  readonly threads: number;
}

export interface OpenedProducts {
  /** Its work counts in rows. */
  variant(batch: number, steps: number): Variant;
  close(): Promise<void>;
}

/**
 * `x · kernel` and `xᵀ · error` in float32: what no implementation of a step can leave out. All steps run inside one Scan, as in training,
 * so that no call and no copy of a result counts.
 */
export async function openStepProducts({ dimensions, classes, threads }: StepProducts): Promise<OpenedProducts> {
  const session = await openSession(productsOfSteps(dimensions, classes), { threads });
  const kernel = { data: new Float32Array(dimensions * classes).fill(0.01), dims: [dimensions, classes] };
  return {
    variant: (batch, steps) => ({
      name: PRODUCTS,
      run: async () => {
        const x = { data: new Float32Array(batch * dimensions).fill(0.1), dims: [batch, dimensions] };
        await session.run({ x, kernel, steps: { data: new Float32Array(steps), dims: [steps] } });
        return steps * batch;
      },
    }),
    close: () => session.release(),
  };
}

function productsOfSteps(dimensions: number, classes: number): Uint8Array {
  const step = new GraphBuilder('step');
  step.addInput('old_gradient', 'float32', [dimensions, classes]);
  step.addInput('step', 'float32', []);
  const gradient = step.add('Gemm', ['x', step.add('Gemm', ['x', 'kernel'])], { transA: 1n });
  step.addOutput(gradient, 'float32', [dimensions, classes]);
  const graph = new GraphBuilder('products');
  graph.addInput('x', 'float32', ['B', dimensions]);
  graph.addInput('kernel', 'float32', [dimensions, classes]);
  graph.addInput('steps', 'float32', ['S']);
  graph.addMany('Scan', ['kernel', 'steps'], ['end_gradient'], { body: step, num_scan_inputs: 1n });
  graph.addOutput(graph.add('ReduceMax', ['end_gradient'], { keepdims: 0n }), 'float32', [], 'largest');
  return graph.toModel();
}
