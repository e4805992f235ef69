import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Backbone } from '../../shared/backbone/backbone.ts';
import { openBackbone } from '../../shared/backbone/open-backbone.ts';
import { NORMALISATIONS } from '../../shared/image/normalisation.ts';
import { randomResNet50 } from './random-resnet50.ts';

const MOBILENET = path.resolve(import.meta.dirname, '../../../shared/models/mobilenet_v2_1.0_224/model.onnx');

export interface BenchBackbone {
  readonly title: string;
  readonly backbone: Backbone;
}

/**
 * ResNet50 with random weights, and MobileNetV2 where it is at hand.
 * @param folder for the graph's file
 */
export async function openBenchBackbones(folder: string): Promise<BenchBackbone[]> {
  const resnet = path.join(folder, 'resnet50.onnx');
  await writeFile(resnet, randomResNet50());
  return [
    { title: 'ResNet50 (random weights)', backbone: await open('resnet50', resnet, 2048, 23_587_712) },
    ...(existsSync(MOBILENET)
      ? [{ title: 'MobileNetV2', backbone: await open('mobilenet-v2', MOBILENET, 1280, 2_257_984) }]
      : []),
  ];
}

async function open(name: string, modelPath: string, dimensions: number, parameterCount: number): Promise<Backbone> {
  const normalisation = NORMALISATIONS.caffe;
  const { size: sizeBytes } = await stat(modelPath);
  return openBackbone({
    id: name,
    name,
    precision: 'float32',
    licence: '',
    parameterCount,
    input: { name: 'image', width: 224, height: 224, layout: 'NCHW', normalisation },
    outputs: { features: null, embedding: { name: 'embedding', dimensions } },
    sha256: '',
    sizeBytes,
    modelPath,
    importedFrom: 'bench',
  });
}
