import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findInstalledBackbone, listInstalledBackbones } from '../../../shared/backbone/installed-backbones.ts';
import { openBackbone } from '../../../shared/backbone/open-backbone.ts';
import { pullBackbone } from '../../../shared/backbone/pull-backbone.ts';
import { verifyBackbone } from '../../../shared/backbone/verify-backbone.ts';
import { DamagedFileError, InvalidInputError, NotFoundError } from '../../../shared/errors.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { unpack } from '../../parity/parity-fixture.ts';
import { sendFile, startServer } from './file-server.ts';
import { writeFullWidthWeights } from './full-width-weights.ts';
import { constant } from './onnx/onnx-files.ts';
import { temporaryFolder } from './small-backbone.ts';

const FILE_NAME = 'mobilenetv2-12.onnx';
const { HEADSTART_MIRROR } = process.env;

afterEach(() => {
  if (HEADSTART_MIRROR === undefined) delete process.env.HEADSTART_MIRROR;
  else process.env.HEADSTART_MIRROR = HEADSTART_MIRROR;
});

/** Has the interface of the published classifiers: a picture, a global pooling, scores; and little inside. */
function classifier(channels: number, input = 'input'): Uint8Array {
  const graph = new GraphBuilder('classifier');
  const x = graph.addInput(input, 'float32', ['N', 3, 224, 224]);
  const map = graph.add('Conv', [x, constant(graph, [channels, 3, 1, 1], 5)], { strides: [32n, 32n] });
  const pooled = graph.add('Flatten', [graph.add('GlobalAveragePool', [map])]);
  const scores = graph.add('Gemm', [pooled, constant(graph, [channels, 1000], 6)]);
  graph.addOutput(scores, 'float32', ['N', 1000], 'output');
  return graph.toModel();
}

/** As transformers' ONNX exports: tokens, of which the first is the class token. */
function transformer(): Uint8Array {
  const graph = new GraphBuilder('transformer');
  const x = graph.addInput('pixel_values', 'float32', ['batch_size', 'num_channels', 'height', 'width']);
  const patches = graph.add('Conv', [x, constant(graph, [384, 3, 16, 16], 5)], { strides: [16n, 16n] });
  const tokens = graph.add('Transpose', [graph.add('Reshape', [patches, graph.addInts(0, 384, -1)])], {
    perm: [0n, 2n, 1n],
  });
  graph.addOutput(tokens, 'float32', ['batch_size', 'sequence_length', 384], 'last_hidden_state');
  return graph.toModel();
}

async function serve(bytes: Uint8Array) {
  return startServer((request, response) => {
    sendFile(request, response, { bytes });
  });
}

describe('pullBackbone', () => {
  it('downloads from a mirror, imports, installs, and tells the hash of what it received', async () => {
    const bytes = classifier(1280);
    const { origin, requests } = await serve(bytes);
    const home = temporaryFolder();
    const seen: number[] = [];

    const { installed, sourceSha256 } = await pullBackbone('mobilenet-v2-imagenet', {
      home,
      mirror: `${origin}/weights/`,
      onProgress: (received) => seen.push(received),
    });

    expect(requests.map(({ url }) => url)).toEqual([`/weights/${FILE_NAME}`]);
    expect(sourceSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(seen.at(-1)).toBe(bytes.length);
    expect(installed).toMatchObject({
      name: 'mobilenet-v2-imagenet',
      precision: 'float32',
      licence: 'Apache-2.0 (ONNX model zoo)',
      outputs: { features: { channels: 1280, height: 7, width: 7 }, embedding: { dimensions: 1280 } },
    });
    await verifyBackbone(installed);
  });

  it('takes the mirror of HEADSTART_MIRROR, and a flag before it', async () => {
    const { origin, requests } = await serve(classifier(1280));
    process.env.HEADSTART_MIRROR = `${origin}/variable`;

    await pullBackbone('mobilenet-v2-imagenet', { home: temporaryFolder() });
    await pullBackbone('mobilenet-v2-imagenet', { home: temporaryFolder(), mirror: `${origin}/flag` });

    expect(requests.map(({ url }) => url)).toEqual([`/variable/${FILE_NAME}`, `/flag/${FILE_NAME}`]);
  });

  it('takes any name of the input and a token for a vector, as the entries of transformers need', async () => {
    const { origin } = await serve(transformer());
    const efficientNet = join(temporaryFolder(), 'efficientNet-b0.onnx');
    writeFileSync(efficientNet, classifier(1280, 'x.1'));

    const vit = await pullBackbone('vit-s16', { home: temporaryFolder(), mirror: origin });
    const b0 = await pullBackbone('efficientnet-b0', { home: temporaryFolder(), file: efficientNet });

    expect(vit.installed.outputs).toEqual({ features: null, embedding: { name: 'embedding', dimensions: 384 } });
    expect(vit.installed.input).toMatchObject({ name: 'pixel_values', width: 224, height: 224 });
    expect(b0.installed.input.name).toBe('x.1');
    await verifyBackbone(vit.installed);
  });

  it('installs full-width ResNet50 v1.5 in float32 and in int8 weights, under other ids', async () => {
    const home = temporaryFolder();
    const file = join(home, 'model.safetensors');
    const sha256 = writeFullWidthWeights(file);

    const { installed, sourceSha256 } = await pullBackbone('resnet50-v1.5', { home, file });
    const small = await pullBackbone('resnet50-v1.5', { home, file, precision: 'int8-weights' });

    expect(sourceSha256).toBe(sha256);
    expect(installed.id).toMatch(/^resnet50-v1\.5-float32-/);
    expect(small.installed.id).toMatch(/^resnet50-v1\.5-int8-weights-/);
    expect(small.installed.sizeBytes).toBeLessThan(installed.sizeBytes / 3.8);
    const backbone = await openBackbone(small.installed, { pooling: 'flatten', threads: 2 });
    expect(backbone.dimensions).toBe(100_352);
    expect(await backbone.embed(new Float32Array(3 * 224 * 224), 1)).toHaveLength(100_352);
    await backbone.close();
  });

  it('installs the embedded one without a server, also in int8 weights', async () => {
    const home = temporaryFolder();

    const { installed, sourceSha256 } = await pullBackbone('mobilenet-v2', { home, precision: 'int8-weights' });

    expect(sourceSha256).toBeNull();
    expect(installed.precision).toBe('int8-weights');
    await verifyBackbone(installed);
  });
});

describe('pullBackbone refuses', () => {
  it("the resnet50 file of another hash, and says how to use weights of one's own", async () => {
    const folder = temporaryFolder();
    const file = unpack('resnet50_notop.h5', folder);
    const outcome = pullBackbone('resnet50', { home: folder, file });

    await expect(outcome).rejects.toThrow(DamagedFileError);
    await expect(outcome).rejects.toThrow(/expected MD5 4d473c1dd8becc155b73f8504c6f6626 for ".*resnet50_notop\.h5"/);
    await expect(outcome).rejects.toThrow(/weights of your own.*backbone import/);
  });

  it('a download of another hash; the backbone that worked before keeps working', async () => {
    const good = await serve(classifier(1280));
    const home = temporaryFolder();
    const { installed } = await pullBackbone('mobilenet-v2-imagenet', { home, mirror: good.origin });
    const page = await serve(Buffer.from('<html>captive portal</html>'));
    const cut = await serve(classifier(1280).subarray(0, 2000));

    for (const { origin } of [page, cut]) {
      await expect(pullBackbone('mobilenet-v2-imagenet', { home, mirror: origin })).rejects.toThrow(DamagedFileError);
    }

    expect(await listInstalledBackbones({ home })).toEqual([installed]);
    await verifyBackbone(installed);
    const wrong = await serve(readFileSync(unpack('resnet50_notop.h5', home)));
    await expect(pullBackbone('resnet50', { home, mirror: wrong.origin })).rejects.toThrow(/expected MD5/);
    expect(await findInstalledBackbone('resnet50', undefined, { home })).toBeNull();
  });

  it('another network under a known name', async () => {
    const { origin } = await serve(classifier(64));

    await expect(pullBackbone('mobilenet-v2-imagenet', { home: temporaryFolder(), mirror: origin })).rejects.toThrow(
      /vectors of 1280 values from backbone "mobilenet-v2-imagenet", received 64/,
    );
  });

  it.each([['--file'], ['--mirror']])('%s for weights that come with the installation', async (flag) => {
    const options = flag === '--file' ? { file: 'x.onnx' } : { mirror: 'https://mirror.example' };

    await expect(pullBackbone('mobilenet-v2', { home: temporaryFolder(), ...options })).rejects.toThrow(
      InvalidInputError,
    );
  });

  it('a mirror that is no address, a file that is not there, a name that is not known', async () => {
    const home = temporaryFolder();

    await expect(pullBackbone('resnet50', { home, mirror: 'ftp://x' })).rejects.toThrow(/http:\/\/ or https:\/\//);
    await expect(pullBackbone('resnet50', { home, file: join(home, 'none.h5') })).rejects.toThrow(NotFoundError);
    await expect(pullBackbone('resnet18', { home })).rejects.toThrow(/one of resnet50/);
  });
});
