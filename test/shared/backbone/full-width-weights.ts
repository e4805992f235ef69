import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { planResNet50, type ConvPlan } from '../../../shared/backbone/resnet50/plan-resnet50.ts';
import { numbers } from './onnx/onnx-files.ts';

/**
 * Writes a safetensors file with the tensors of torchvision's ResNet50 at its real width, 94 MB, from a seed.
 *
 * @returns SHA-256, hex
 */
export function writeFullWidthWeights(file: string): string {
  const entries: Record<string, { dtype: 'F32'; shape: readonly number[]; data_offsets: readonly [number, number] }> =
    {};
  const parts: Float32Array[] = [];
  let offset = 0;
  const add = (name: string, shape: readonly number[], values: Float32Array) => {
    entries[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    parts.push(values);
    offset += values.byteLength;
  };
  const addConv = (conv: string, norm: string, { outputChannels, inputChannels, size }: ConvPlan) => {
    const fanIn = inputChannels * size * size;
    const kernel = numbers(outputChannels * fanIn, parts.length + 1).map((value) => value * Math.sqrt(3 / fanIn));
    add(`${conv}.weight`, [outputChannels, inputChannels, size, size], kernel);
    for (const [name, value] of [
      ['weight', 0.7],
      ['bias', 0.1],
      ['running_mean', 0],
      ['running_var', 1],
    ] as const) {
      add(`${norm}.${name}`, [outputChannels], new Float32Array(outputChannels).fill(value));
    }
  };
  const { stem, blocks } = planResNet50('v1.5');
  addConv('conv1', 'bn1', stem);
  for (const { stage, index, convs, shortcut } of blocks) {
    const block = `layer${stage + 1}.${index}`;
    convs.forEach((conv, place) => {
      addConv(`${block}.conv${place + 1}`, `${block}.bn${place + 1}`, conv);
    });
    if (shortcut !== null) addConv(`${block}.downsample.0`, `${block}.downsample.1`, shortcut);
  }
  const header = Buffer.from(JSON.stringify(entries));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bytes = Buffer.concat([length, header, ...parts.map(({ buffer }) => Buffer.from(buffer))]);
  writeFileSync(file, bytes);
  return createHash('sha256').update(bytes).digest('hex');
}
