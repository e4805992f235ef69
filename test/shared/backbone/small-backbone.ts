import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { BackboneInput, BackboneOutputs, Precision } from '../../../shared/backbone/backbone.ts';
import type { BackboneToInstall } from '../../../shared/backbone/installed-backbones.ts';
import type { Layout } from '../../../shared/image/normalisation.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { constant, SIDE } from './onnx/onnx-files.ts';

export const INPUT: BackboneInput = {
  name: 'image',
  width: SIDE,
  height: SIDE,
  layout: 'NCHW',
  normalisation: NORMALISATIONS.unit,
};

export const OUTPUTS: BackboneOutputs = {
  features: { name: 'features', channels: 5, height: 4, width: 3 },
  embedding: { name: 'embedding', dimensions: 5 },
};

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-backbone-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Picture 8 x 8 to a map of 5 channels, 4 x 3; another seed gives other weights. */
export function smallModel(seed = 1, layout: Layout = 'NCHW'): Uint8Array {
  const graph = new GraphBuilder('small');
  const isPlanes = layout === 'NCHW';
  const image = graph.addInput('image', 'float32', isPlanes ? ['N', 3, SIDE, SIDE] : ['N', SIDE, SIDE, 3]);
  const planes = isPlanes ? image : graph.add('Transpose', [image], { perm: [0n, 3n, 1n, 2n] });
  const attributes = { strides: [2n, 2n], pads: [1n, 0n, 1n, 0n] };
  const map = graph.add('Relu', [graph.add('Conv', [planes, constant(graph, [5, 3, 3, 3], seed)], attributes)]);
  graph.addOutput(map, 'float32', ['N', 5, 4, 3], 'features');
  const embedding = graph.add('Flatten', [graph.add('GlobalAveragePool', ['features'])]);
  graph.addOutput(embedding, 'float32', ['N', 5], 'embedding');
  return graph.toModel();
}

export function smallBackbone(changes: Partial<BackboneToInstall> = {}): BackboneToInstall {
  return {
    name: 'small',
    precision: 'float32' satisfies Precision,
    licence: 'MIT',
    parameterCount: 135,
    input: INPUT,
    outputs: OUTPUTS,
    importedFrom: 'test',
    model: smallModel(),
    ...changes,
  };
}

/** With enough weights for a channel to be stored as int8. */
function wideModel(): Uint8Array {
  const graph = new GraphBuilder('wide');
  const image = graph.addInput('image', 'float32', ['N', 3, SIDE, SIDE]);
  const attributes = { strides: [2n, 2n] };
  const first = graph.add('Relu', [graph.add('Conv', [image, constant(graph, [32, 3, 4, 4], 1)], attributes)]);
  const map = graph.add('Relu', [graph.add('Conv', [first, constant(graph, [48, 32, 1, 1], 2)])], {}, 'features');
  graph.addOutput(map, 'float32', ['N', 48, 3, 3]);
  graph.addOutput(graph.add('Flatten', [graph.add('GlobalAveragePool', [map])]), 'float32', ['N', 48], 'embedding');
  return graph.toModel();
}

export function wideBackbone(): BackboneToInstall {
  return smallBackbone({
    name: 'wide',
    model: wideModel(),
    outputs: {
      features: { name: 'features', channels: 48, height: 3, width: 3 },
      embedding: { name: 'embedding', dimensions: 48 },
    },
  });
}
