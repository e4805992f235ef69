import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Backbone } from '../../shared/backbone/backbone.ts';
import { NORMALISATIONS } from '../../shared/image/normalisation.ts';
import { GraphBuilder } from '../../shared/onnx/graph-builder.ts';
import { openBackbone } from '../../shared/backbone/open-backbone.ts';

const MOBILENET = path.resolve(import.meta.dirname, '../../../shared/models/mobilenet_v2_1.0_224/model.onnx');

export interface BenchBackbone {
  readonly title: string;
  readonly backbone: Backbone;
  readonly pictureCount: number;
}

/**
 * MobileNetV2 where it is at hand, and a graph with about the multiplications of ResNet50 (4.1 billion a picture).
 * @param folder for the graph's file
 */
export async function openBenchBackbones(folder: string): Promise<BenchBackbone[]> {
  const heavy = path.join(folder, 'resnet50-sized.onnx');
  await writeFile(heavy, convolutions());
  const found = existsSync(MOBILENET)
    ? [
        {
          title: 'embedding, MobileNetV2',
          backbone: await open('mobilenet', MOBILENET, 1280, 3_500_000),
          pictureCount: 400,
        },
      ]
    : [];
  const title = 'embedding, cost of ResNet50 (random weights)';
  return [...found, { title, backbone: await open('resnet50-sized', heavy, 256, 25_600_000), pictureCount: 240 }];
}

async function open(name: string, modelPath: string, dimensions: number, parameterCount: number): Promise<Backbone> {
  const input = { name: 'image', width: 224, height: 224, layout: 'NCHW', normalisation: NORMALISATIONS.tf } as const;
  const outputs = { features: null, embedding: { name: 'embedding', dimensions } };
  const facts = { id: name, name, precision: 'float32', licence: '', parameterCount, sha256: '' } as const;
  const { size: sizeBytes } = await stat(modelPath);
  return openBackbone({ ...facts, sizeBytes, modelPath, input, outputs, importedFrom: 'bench' });
}

/** `[N, 3, 224, 224]` to `[N, 256]`: nine 3x3 convolutions of 128 and 256 channels. */
function convolutions(): Uint8Array {
  const graph = new GraphBuilder('resnet50-sized');
  let value = graph.addInput('image', 'float32', ['N', 3, 224, 224]);
  value = addConvolution(graph, value, 3, 128, 4, 4);
  for (let i = 0; i < 3; i++) value = addConvolution(graph, value, 128, 128, 3, 1);
  value = addConvolution(graph, value, 128, 256, 3, 2);
  for (let i = 0; i < 5; i++) value = addConvolution(graph, value, 256, 256, 3, 1);
  const pooled = graph.add('GlobalAveragePool', [value]);
  graph.addOutput(graph.add('Flatten', [pooled]), 'float32', ['N', 256], 'embedding');
  return graph.toModel({ purpose: 'bench' });
}

function addConvolution(
  graph: GraphBuilder,
  value: string,
  inputs: number,
  outputs: number,
  kernel: number,
  stride: number,
): string {
  const count = outputs * inputs * kernel * kernel;
  // He's scale keeps the values in the range of float16 over all layers.
  const scale = Math.sqrt(2 / (inputs * kernel * kernel));
  const weights = Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i * 12.9898) * Math.SQRT2);
  const padding = kernel === 3 ? 1n : 0n;
  const product = graph.add('Conv', [value, graph.addConstant('float32', [outputs, inputs, kernel, kernel], weights)], {
    strides: [BigInt(stride), BigInt(stride)],
    pads: [padding, padding, padding, padding],
  });
  return graph.add('Relu', [product]);
}
