import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { afterAll, describe, expect, it } from 'vitest';
import { importOnnx, type ImportOnnxOptions } from '../../../../shared/backbone/onnx/import-onnx.ts';
import { DamagedFileError, InvalidInputError, NotFoundError } from '../../../../shared/errors.ts';
import { NORMALISATIONS } from '../../../../shared/image/normalisation.ts';
import { GraphBuilder } from '../../../../shared/onnx/graph-builder.ts';
import { openSession } from '../../../../shared/onnx/session.ts';
import { maxAbsDifference } from '../../../support/arrays.ts';
import { hasShared, NEEDS_SHARED, sharedPath } from '../../../support/shared-folder.ts';
import { constant, numbers, SIDE, smallNet, writeEdited } from './onnx-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'headstart-onnx-'));
const FILE = join(folder, 'net.onnx');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const UNIT = { normalisation: NORMALISATIONS.unit };

async function importBytes(model: Uint8Array, options: Partial<ImportOnnxOptions> = {}) {
  writeFileSync(FILE, model);
  return importOnnx(FILE, { ...UNIT, ...options });
}

async function run(model: Uint8Array, dims: readonly number[], output: string, input = 'image'): Promise<Float32Array> {
  const session = await openSession(model, { threads: 1 });
  const data = numbers(
    dims.reduce((product, size) => product * size, 1),
    99,
  );
  const { [output]: result } = await session.run({ [input]: { data, dims } }, [output]);
  await session.release();
  if (!(result?.data instanceof Float32Array)) throw new Error(`expected float32 in "${output}"`);
  return result.data;
}

const PICTURES = [2, 3, SIDE, SIDE];

/** Mean over positions of `[2, 5, 4, 4]`. */
function meansOf(map: Float32Array): number[] {
  return Array.from({ length: 10 }, (_, row) => map.slice(row * 16, row * 16 + 16).reduce((a, b) => a + b, 0) / 16);
}

describe('importOnnx', () => {
  it('adds the mean of a feature map that is named, and keeps the map in NCHW', async () => {
    const original = smallNet();

    const { model, input, outputs, parameterCount } = await importBytes(original, { featuresName: 'map' });

    expect(input).toEqual({ name: 'image', width: SIDE, height: SIDE, layout: 'NCHW', ...UNIT });
    expect(outputs).toEqual({
      features: { name: 'features', channels: 5, height: 4, width: 4 },
      embedding: { name: 'embedding', dimensions: 5 },
    });
    expect(parameterCount).toBe(5 * 27 + 5);
    const map = await run(original, PICTURES, 'map');
    expect(await run(model, PICTURES, 'features')).toEqual(map);
    expect(maxAbsDifference(await run(model, PICTURES, 'embedding'), meansOf(map))).toBeLessThan(1e-6);
  });

  it('cuts a classifier at what its last global pooling reads', async () => {
    const classifier = smallNet({
      finish: (graph, map) => {
        const squeezed = graph.add('Sigmoid', [graph.add('GlobalAveragePool', [map])]);
        const excited = graph.add('Mul', [map, squeezed], {}, 'excited');
        const pooled = graph.add('Flatten', [graph.add('GlobalAveragePool', [excited])]);
        const logits = graph.add('Gemm', [pooled, constant(graph, [5, 1000], 3)]);
        graph.addOutput(logits, 'float32', ['N', 1000], 'logits');
      },
    });

    const { model, outputs, parameterCount } = await importBytes(classifier);

    expect(outputs.embedding.dimensions).toBe(5);
    expect(parameterCount).toBe(5 * 27 + 5);
    const excited = await run((await importBytes(classifier, { featuresName: 'excited' })).model, PICTURES, 'features');
    expect(await run(model, PICTURES, 'features')).toEqual(excited);
  });

  it.each([
    ['an attribute', 17, (graph: GraphBuilder, map: string) => graph.add('ReduceMean', [map], { axes: [-2n, -1n] })],
    ['an input', 18, (graph: GraphBuilder, map: string) => graph.add('ReduceMean', [map, graph.addInts(2, 3)])],
  ])('takes a mean over the positions, its axes in %s, for a global pooling', async (_, opset, pool) => {
    const model = smallNet({
      opset,
      finish: (graph, map) => {
        graph.addOutput(pool(graph, map), 'float32', ['N', 5, 1, 1], 'scores');
      },
    });

    expect((await importBytes(model)).outputs.features).toEqual({ name: 'features', channels: 5, height: 4, width: 4 });
  });

  it('takes the class token of a transformer and says that there is no feature map', async () => {
    const transformer = smallNet({
      finish: (graph, map) => {
        const tokens = graph.add('Reshape', [map, graph.addInts(0, 5, 16)]);
        graph.addOutput(tokens, 'float32', ['N', 5, 16], 'last_hidden_state');
      },
    });

    const { model, outputs } = await importBytes(transformer, { embeddingName: 'last_hidden_state' });

    expect(outputs).toEqual({ features: null, embedding: { name: 'embedding', dimensions: 16 } });
    const tokens = await run(transformer, PICTURES, 'last_hidden_state');
    const firstTokens = [...tokens.slice(0, 16), ...tokens.slice(80, 96)];
    expect([...(await run(model, PICTURES, 'embedding'))]).toEqual(firstTokens);
  });

  it('takes a pooled value of shape [N, D, 1, 1]', async () => {
    const pooled = smallNet({
      finish: (graph, map) => {
        graph.addOutput(graph.add('GlobalMaxPool', [map]), 'float32', ['N', 5, 1, 1], 'top');
      },
    });

    const { model, outputs } = await importBytes(pooled, { embeddingName: 'top', featuresName: 'map' });

    expect(outputs.embedding.dimensions).toBe(5);
    expect(await run(model, PICTURES, 'embedding')).toEqual(await run(pooled, PICTURES, 'top'));
  });

  it('turns an NHWC network with an output called features into NCHW', async () => {
    const nhwc = () => {
      const graph = new GraphBuilder('nhwc');
      const image = graph.addInput('image', 'float32', ['N', SIDE, SIDE, 3]);
      const planes = graph.add('Transpose', [image], { perm: [0n, 3n, 1n, 2n] });
      const map = graph.add('Conv', [planes, constant(graph, [5, 3, 3, 3], 1)], { strides: [2n, 2n] }, 'planes');
      graph.addOutput(graph.add('Transpose', [map], { perm: [0n, 2n, 3n, 1n] }, 'features'), 'float32', ['N', 3, 3, 5]);
      graph.addOutput(map, 'float32', ['N', 5, 3, 3]);
      return graph.toModel();
    };

    const { model, input, outputs } = await importBytes(nhwc());

    expect(input.layout).toBe('NHWC');
    expect(outputs.features).toEqual({ name: 'features', channels: 5, height: 3, width: 3 });
    const dims = [2, SIDE, SIDE, 3];
    expect(await run(model, dims, 'features')).toEqual(await run(nhwc(), dims, 'planes'));
  });

  it('sees an NCHW map inside a network with an NHWC input', async () => {
    const graph = new GraphBuilder('converted');
    const image = graph.addInput('image', 'float32', ['N', SIDE, SIDE, 3]);
    const planes = graph.add('Transpose', [image], { perm: [0n, 3n, 1n, 2n] });
    const map = graph.add('Conv', [planes, constant(graph, [5, 3, 3, 3], 1)], { strides: [2n, 2n] });
    graph.addOutput(graph.add('Flatten', [graph.add('GlobalAveragePool', [map])]), 'float32', ['N', 5], 'scores');

    const { outputs } = await importBytes(graph.toModel());

    expect(outputs.features).toEqual({ name: 'features', channels: 5, height: 3, width: 3 });
  });

  it('leaves other values of the file alone that are called features or embedding', async () => {
    const model = smallNet({
      finish: (graph, map) => {
        const inner = graph.add('Neg', [map], {}, 'features');
        const also = graph.add('Exp', [inner], {}, 'embedding');
        graph.addOutput(graph.add('Add', [also, inner]), 'float32', ['N', 5, 4, 4], 'last');
      },
    });

    const imported = await importBytes(model, { featuresName: 'last' });

    expect(await run(imported.model, PICTURES, 'features')).toEqual(await run(model, PICTURES, 'last'));
  });

  it('frees a batch that is fixed at 1', async () => {
    const fixed = smallNet({ inputDims: [1, 3, SIDE, SIDE] });

    const { model } = await importBytes(fixed, { featuresName: 'map' });

    expect(await run(model, PICTURES, 'features')).toEqual(await run(smallNet(), PICTURES, 'map'));
  });

  it('takes free picture sizes as 224 pixels, or as given', async () => {
    const free = smallNet({ inputDims: ['N', 3, 'H', 'W'] });

    expect((await importBytes(free, { featuresName: 'map' })).outputs.features).toMatchObject({ height: 112 });
    expect((await importBytes(free, { featuresName: 'map', sizePx: 32 })).outputs.features).toMatchObject({
      width: 16,
    });
  });

  it.skipIf(!hasShared)(`takes a real ImageNet backbone (${NEEDS_SHARED})`, async () => {
    const path = sharedPath('models', 'mobilenet_v2_1.0_224', 'model.onnx');

    const { model, input, outputs } = await importOnnx(path, { normalisation: NORMALISATIONS.tf });

    expect(input).toMatchObject({ name: 'image', width: 224, height: 224, layout: 'NCHW' });
    expect(outputs).toEqual({
      features: { name: 'features', channels: 1280, height: 7, width: 7 },
      embedding: { name: 'embedding', dimensions: 1280 },
    });
    const dims = [1, 3, 224, 224];
    const original = new Uint8Array(readFileSync(path));
    for (const output of ['features', 'embedding']) {
      const expected = await run(original, dims, output);
      // Without the classifier ONNX Runtime fuses other nodes, and sums in another order.
      expect(maxAbsDifference(await run(model, dims, output), expected)).toBeLessThan(1e-5);
    }
  });
});

describe('importOnnx refuses', () => {
  it.each([
    ['a web page', '<!DOCTYPE html><html>log in</html>', DamagedFileError, /"net.onnx", received a web page/],
    ['an empty file', '', DamagedFileError, /"net.onnx", received an empty file/],
    ['a text file', 'no model at all', DamagedFileError, /expected an ONNX model.*"net.onnx"/],
  ])('%s', async (_, content, type, message) => {
    const outcome = importBytes(Buffer.from(content));

    await expect(outcome).rejects.toThrow(type);
    await expect(outcome).rejects.toThrow(message);
  });

  it('a file that ends anywhere', async () => {
    const model = smallNet();

    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      const outcome = importBytes(model.subarray(0, Math.floor(model.length * share)), { featuresName: 'map' });
      await expect(outcome).rejects.toThrow(DamagedFileError);
    }
  });

  it('a file that is not there', async () => {
    await expect(importOnnx(join(folder, 'none.onnx'), UNIT)).rejects.toThrow(NotFoundError);
  });

  it('an operator set that is newer than ONNX Runtime loads, and takes the newest one', async () => {
    const tooNew = importBytes(smallNet({ opset: 27 }), { featuresName: 'map' });

    await expect(tooNew).rejects.toMatchObject({ code: 'opset_too_new' });
    await expect(tooNew).rejects.toThrow(/operator set 26 or older in "net.onnx", received 27; export it again/);
    expect((await importBytes(smallNet({ opset: 26 }), { featuresName: 'map' })).outputs.embedding.dimensions).toBe(5);
  });

  it('weights in another file', async () => {
    writeEdited(FILE, smallNet(), (_, graph) => {
      const [tensor] = graph.initializer ?? [];
      if (tensor === undefined) throw new Error('expected weights');
      tensor.rawData = new Uint8Array();
      tensor.dataLocation = onnxProto.onnx.TensorProto.DataLocation.EXTERNAL;
      tensor.externalData = [{ key: 'location', value: 'weights.bin' }];
    });

    await expect(importOnnx(FILE, { ...UNIT, featuresName: 'map' })).rejects.toThrow(
      /all weights inside "net.onnx", but "small\/const_0" lies in another file; save it as one/,
    );
  });

  it('a tensor with NaN, naming it', async () => {
    writeEdited(FILE, smallNet(), (_, graph) => {
      const [tensor] = graph.initializer ?? [];
      if (tensor?.rawData === undefined || tensor.rawData === null) throw new Error('expected weights');
      new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset).setFloat32(40, Number.NaN, true);
    });
    const outcome = importOnnx(FILE, { ...UNIT, featuresName: 'map' });

    await expect(outcome).rejects.toThrow(DamagedFileError);
    await expect(outcome).rejects.toThrow(/tensor "small\/const_0" of "net.onnx", received NaN/);
  });

  it('a network that answers with infinity', async () => {
    const infinite = smallNet({
      finish: (graph, map) => {
        graph.addOutput(graph.add('Div', [map, graph.addScalar(0)]), 'float32', ['N', 5, 4, 4], 'features');
      },
    });

    await expect(importBytes(infinite)).rejects.toThrow(
      /5 finite numbers for 1 pictures from "net.onnx", received NaN/,
    );
  });

  it('a value that is not there, and lists what is', async () => {
    const outcome = importBytes(smallNet(), { featuresName: 'no-such' });

    await expect(outcome).rejects.toThrow(InvalidInputError);
    await expect(outcome).rejects.toThrow(
      /value called "no-such" in "net.onnx", found the outputs map float32\[N, 5, 4, 4\]/,
    );
  });

  it('outputs of other names where nothing tells which is which', async () => {
    await expect(importBytes(smallNet())).rejects.toThrow(
      /output called features or embedding.*found map float32\[N, 5, 4, 4\]; name the feature map with --features/,
    );
  });

  it('an input of another name', async () => {
    await expect(importBytes(smallNet(), { inputName: 'pixels', featuresName: 'map' })).rejects.toThrow(
      /in "net.onnx" called "pixels", found image float32\[N, 3, 8, 8\]; name it with --input/,
    );
  });

  it('a network for grey pictures', async () => {
    const graph = new GraphBuilder('grey');
    const x = graph.addInput('image', 'float32', ['N', 1, SIDE, SIDE]);
    graph.addOutput(graph.add('Relu', [x]), 'float32', ['N', 1, SIDE, SIDE], 'features');

    await expect(importBytes(graph.toModel())).rejects.toThrow(
      /3 colour channels in layout NCHW.*received 1; set --layout/,
    );
  });

  it('a vector of another rank', async () => {
    await expect(importBytes(smallNet(), { embeddingName: 'map' })).rejects.toThrow(
      /shape \[N, D\] for "map" of "net.onnx", received \[1, 5, 4, 4\]/,
    );
    const flat = smallNet({
      finish: (graph, map) => {
        graph.addOutput(graph.add('Flatten', [map], {}, 'flat'), 'float32', ['N', 80]);
      },
    });
    await expect(importBytes(flat, { featuresName: 'flat' })).rejects.toThrow(/shape \[N, C, H, W\] for "flat"/);
  });

  it('a graph that only runs on one picture', async () => {
    const single = smallNet({
      inputDims: [1, 3, SIDE, SIDE],
      finish: (graph, map) => {
        graph.addOutput(graph.add('Reshape', [map, graph.addInts(1, 80)]), 'float32', [1, 80], 'embedding');
      },
    });

    await expect(importBytes(single)).rejects.toThrow(/to run on two pictures at once.*free batch dimension/);
  });

  it('a graph in which pictures of a batch mix', async () => {
    const mixing = smallNet({
      finish: (graph, map) => {
        const mean = graph.add('ReduceMean', [map], { axes: [0n], keepdims: 1n });
        graph.addOutput(
          graph.add('Sub', [map, graph.add('Mul', [mean, graph.addScalar(0.5)])]),
          'float32',
          ['N', 5, 4, 4],
          'features',
        );
      },
    });

    await expect(importBytes(mixing)).rejects.toThrow(/same vector alone and beside another one/);
  });
});
