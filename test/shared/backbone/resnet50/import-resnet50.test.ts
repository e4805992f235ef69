import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { importResNet50 } from '../../../../shared/backbone/resnet50/import-resnet50.ts';
import { DamagedFileError, InvalidInputError } from '../../../../shared/errors.ts';
import { unpack } from '../../../parity/parity-fixture.ts';
import {
  editSafetensors,
  readLegacyLayers,
  writeLegacyLayers,
  type SafetensorsHeader,
  type StoredLayer,
} from '../weight-files.ts';

const SMALL = { baseWidth: 2, height: 75, width: 107 };
const folder = mkdtempSync(join(tmpdir(), 'headstart-import-'));
const at = (name: string) => join(folder, name);
const legacy = unpack('resnet50_notop.h5', folder);
const keras3 = unpack('resnet50.weights.h5', folder);
const torch = unpack('resnet50-v1.5.safetensors', folder);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function importLegacy(edit: (layers: StoredLayer[]) => readonly StoredLayer[], root?: string) {
  const path = at('edited.h5');
  await writeLegacyLayers(path, edit(await readLegacyLayers(legacy)), root);
  return importResNet50(path, SMALL);
}

/** Replaces the tensors of one layer. */
function changing(name: string, change: (tensors: StoredLayer['tensors']) => StoredLayer['tensors']) {
  return (layers: readonly StoredLayer[]) =>
    layers.map((layer) => (layer.name === name ? { name, tensors: change(layer.tensors) } : layer));
}

function importTorch(edit: (header: SafetensorsHeader, data: Uint8Array) => SafetensorsHeader) {
  editSafetensors(torch, at('edited.safetensors'), edit);
  return importResNet50(at('edited.safetensors'), SMALL);
}

async function bytesOf(imported: Promise<{ model: Uint8Array }>): Promise<Buffer> {
  return Buffer.from((await imported).model);
}

describe('importResNet50', () => {
  it('writes the same bytes from all layouts of the same weights', async () => {
    const expected = await bytesOf(importResNet50(legacy, SMALL));

    expect(expected.equals(await bytesOf(importResNet50(keras3, SMALL)))).toBe(true);
    expect(expected.equals(await bytesOf(importResNet50(unpack('resnet50_keras2_notop.h5', folder), SMALL)))).toBe(
      true,
    );
    expect(expected.equals(await bytesOf(importLegacy((layers) => layers)))).toBe(true);
  });

  it('takes a file with top, a file of model.save, and layers of any name in the right order', async () => {
    const expected = await bytesOf(importResNet50(legacy, SMALL));
    const top = {
      name: 'predictions',
      tensors: [
        { name: 'predictions/kernel', dims: [64, 10], data: new Float32Array(640) },
        { name: 'predictions/bias', dims: [10], data: new Float32Array(10) },
      ],
    };

    const withTop = await bytesOf(importLegacy((layers) => [...layers, top]));
    const saved = await bytesOf(importLegacy((layers) => layers, 'model_weights'));
    const renamed = await bytesOf(
      importLegacy((layers) => layers.map((layer, i) => ({ ...layer, name: `layer_${i}` }))),
    );

    expect(withTop.equals(expected)).toBe(true);
    expect(saved.equals(expected)).toBe(true);
    expect(renamed.equals(expected)).toBe(true);
  });

  it.each([
    ['float16', 'F16', (values: Float32Array) => Float16Array.from(values)],
    ['float64', 'F64', (values: Float32Array) => Float64Array.from(values)],
  ] as const)('reads %s safetensors', async (_, dtype, convert) => {
    const bytes = readFileSync(torch);
    const headerBytes = Number(bytes.readBigUInt64LE(0));
    const source = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString()) as SafetensorsHeader;
    const parts: Uint8Array[] = [];
    let offset = 0;
    const header: SafetensorsHeader = {};
    for (const [name, entry] of Object.entries(source)) {
      if (entry.dtype !== 'F32') continue;
      const [start, end] = entry.data_offsets.map((value) => value + 8 + headerBytes);
      const part = new Uint8Array(convert(new Float32Array(new Uint8Array(bytes.subarray(start, end)).buffer)).buffer);
      header[name] = { dtype, shape: entry.shape, data_offsets: [offset, offset + part.length] };
      offset += part.length;
      parts.push(part);
    }
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(at('other.safetensors'), Buffer.concat([length, text, ...parts]));

    const { model } = await importResNet50(at('other.safetensors'), SMALL);

    const expected = (await importResNet50(torch, SMALL)).model;
    expect(model.length).toBe(expected.length);
    if (dtype === 'F64') expect(Buffer.from(model).equals(Buffer.from(expected))).toBe(true);
  });

  it.each([
    ['Keras 2 HDF5', 'legacy'],
    ['safetensors', 'torch'],
  ] as const)('refuses truncated %s and says how many bytes are there', async (_, kind) => {
    const bytes = readFileSync(kind === 'legacy' ? legacy : torch);
    writeFileSync(at('cut'), bytes.subarray(0, bytes.length - 1000));

    await expect(importResNet50(at('cut'), SMALL)).rejects.toThrow(DamagedFileError);
    await expect(importResNet50(at('cut'), SMALL)).rejects.toThrow(
      `expected ${bytes.length} bytes in "cut", received ${bytes.length - 1000}: the download stopped early`,
    );
  });

  it.each([
    ['an empty file', '', /received an empty file/],
    ['the page of a captive portal', '\n<!DOCTYPE html><title>Log in</title>', /received a web page; log in/],
    ['an XML error', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /received a web page/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00', /Git LFS pointer/],
    ['something else', 'PK\u0003\u0004 a PyTorch file', /expected Keras HDF5 \(.h5\) or safetensors/],
    ['a bare HDF5 signature', '\u0089HDF\r\n\u001a\n', /superblock of version 0 to 3/],
  ])('refuses %s', async (_, text, message) => {
    writeFileSync(at('other.h5'), Buffer.from(text, 'latin1'));

    await expect(importResNet50(at('other.h5'), SMALL)).rejects.toThrow(message);
  });

  it('refuses a layer that lacks a tensor, naming it', async () => {
    await expect(importLegacy(changing('conv3_block1_0_bn', (tensors) => tensors.slice(0, 3)))).rejects.toThrow(
      /expected layer "conv3_block1_0_bn" with 4 tensors as number 29 .* received "conv3_block1_0_bn" with 3;/,
    );
  });

  it('refuses a tensor that is listed and not there, naming it', async () => {
    const absent = changing('conv3_block1_0_bn', ([gamma, beta, ...rest]) =>
      gamma && beta ? [gamma, { ...beta, isAbsent: true }, ...rest] : rest,
    );

    await expect(importLegacy(absent)).rejects.toThrow(
      'expected tensor "conv3_block1_0_bn/conv3_block1_0_bn/beta" of shape [16] in "edited.h5", received none',
    );
  });

  it('refuses a mis-shaped tensor, naming it with both shapes', async () => {
    const turned = changing('conv4_block2_2_conv', ([kernel, ...rest]) =>
      kernel ? [{ ...kernel, dims: [3, 3, 4, 16] }, ...rest] : rest,
    );

    await expect(importLegacy(turned)).rejects.toThrow(
      'expected shape [3, 3, 8, 8] for tensor "conv4_block2_2_conv/conv4_block2_2_conv/kernel" of "edited.h5", received [3, 3, 4, 16]',
    );
    await expect(importResNet50(legacy)).rejects.toThrow(/expected shape \[7, 7, 3, 64\] .* received \[7, 7, 3, 2\]/);
  });

  it.each([NaN, Infinity, -Infinity])('refuses a tensor with %s, naming it', async (bad) => {
    const poisoned = changing('conv5_block3_3_bn', ([gamma, ...rest]) =>
      gamma ? [{ ...gamma, data: gamma.data.with(5, bad) }, ...rest] : rest,
    );

    await expect(importLegacy(poisoned)).rejects.toThrow(DamagedFileError);
    await expect(importLegacy(poisoned)).rejects.toThrow(
      `expected finite numbers in tensor "conv5_block3_3_bn/conv5_block3_3_bn/gamma" of "edited.h5", received ${bad} at element 5`,
    );
  });

  it('refuses a negative variance', async () => {
    const poisoned = changing('conv1_bn', (tensors) =>
      tensors.map((tensor, i) => (i === 3 ? { ...tensor, data: tensor.data.with(0, -1) } : tensor)),
    );

    await expect(importLegacy(poisoned)).rejects.toThrow(/expected variances of at least 0 .*moving_variance.* -1/);
  });

  it('refuses a deeper network and a part of one by their number of layers', async () => {
    const deeper = (layers: readonly StoredLayer[]) =>
      [...layers, ...layers.slice(-20)].map((l, i) => ({ ...l, name: `l${i}` }));

    await expect(importLegacy(deeper)).rejects.toThrow(/expected the 106 weight layers of ResNet50 .* received 1\d\d/);
    await expect(importLegacy((layers) => layers.slice(0, 50))).rejects.toThrow(InvalidInputError);
  });

  it('refuses layers whose names stand in the wrong places', async () => {
    const swapped = (layers: readonly StoredLayer[]) =>
      layers.map((layer) => {
        if (layer.name === 'conv2_block1_0_conv')
          return layers.find(({ name }) => name === 'conv2_block1_3_conv') ?? layer;
        if (layer.name === 'conv2_block1_3_conv')
          return layers.find(({ name }) => name === 'conv2_block1_0_conv') ?? layer;
        return layer;
      });

    await expect(importLegacy(swapped)).rejects.toThrow(
      /expected layer "conv2_block1_0_conv" .* received "conv2_block1_3_conv"/,
    );
  });

  it('refuses HDF5 that Keras did not write', async () => {
    const { File, ready } = await import('h5wasm/node');
    await ready;
    const file = new File(at('data.h5'), 'w');
    file.create_dataset({ name: 'measurements', data: Float32Array.of(1, 2) });
    file.close();

    await expect(importResNet50(at('data.h5'), SMALL)).rejects.toThrow(
      /expected weights saved by Keras .*\[measurements\]/,
    );
  });

  it('refuses a Keras 3 file of another network by its layers', async () => {
    const { File, ready } = await import('h5wasm/node');
    await ready;
    const file = new File(at('mobile.weights.h5'), 'w');
    file.create_group('layers');
    for (const name of ['conv2d', 'depthwise_conv2d', 'batch_normalization']) {
      file.create_group(`layers/${name}`);
      file.create_group(`layers/${name}/vars`);
      file.create_dataset({ name: `layers/${name}/vars/0`, data: Float32Array.of(1) });
    }
    file.close();

    await expect(importResNet50(at('mobile.weights.h5'), SMALL)).rejects.toThrow(
      /expected the 53 conv2d and 53 batch_normalization layers .* received .*1 depthwise_conv2d/,
    );
  });

  it('refuses safetensors with a missing, mis-shaped, foreign or poisoned tensor, naming it', async () => {
    const name = 'layer2.0.downsample.1.running_var';
    const without = (header: SafetensorsHeader) => {
      const { [name]: _, ...rest } = header;
      return rest;
    };

    await expect(importTorch(without)).rejects.toThrow(`expected tensor "${name}" of shape [16]`);
    await expect(
      importTorch((header) => ({
        ...header,
        'conv1.weight': { dtype: 'F32', shape: [3, 2, 7, 7], data_offsets: [0, 1176] },
      })),
    ).rejects.toThrow('expected shape [2, 3, 7, 7] for tensor "conv1.weight"');
    await expect(
      importTorch((header) => ({
        ...header,
        'layer3.6.conv1.weight': { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
      })),
    ).rejects.toThrow('received "layer3.6.conv1.weight" among');
    await expect(
      importTorch((header, data) => {
        const [start = 0] = header['layer1.2.bn3.bias']?.data_offsets ?? [];
        new DataView(data.buffer).setFloat32(start, NaN, true);
        return header;
      }),
    ).rejects.toThrow('expected finite numbers in tensor "layer1.2.bn3.bias"');
  });
});
