import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstalledBackbone, Pooling, Precision } from '../../../shared/backbone/backbone.ts';
import { chooseBackbone } from '../../../shared/backbone/choose-backbone.ts';
import { installBackbone } from '../../../shared/backbone/installed-backbones.ts';
import { installInPrecision } from '../../../shared/backbone/install-in-precision.ts';
import { openBackbone } from '../../../shared/backbone/open-backbone.ts';
import { DamagedFileError, InvalidInputError, NotFoundError } from '../../../shared/errors.ts';
import { openExportedClassifier } from '../../../shared/export/exported-classifier.ts';
import { exportModel } from '../../../shared/export/export-model.ts';
import { verifyBundle } from '../../../shared/export/verify-bundle.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';
import { OnnxGraph } from '../../../shared/onnx/onnx-graph.ts';
import { openSession } from '../../../shared/onnx/session.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { calibrationPictures } from '../../../shared/workflow/calibration-pictures.ts';
import { classifyPictures } from '../../../shared/workflow/classify.ts';
import { openServedHead } from '../../../shared/workflow/served-head.ts';
import { numbers } from '../backbone/onnx/onnx-files.ts';
import { drawPicture } from '../../support/pictures.ts';
import { startTfjs } from '../../support/tfjs.ts';
import { OUTPUTS, smallModel, wideBackbone } from '../backbone/small-backbone.ts';
import { LABELS, newRoot, trainModel, type TrainedModel } from './trained-model.ts';

interface TfjsModelFile {
  readonly modelTopology: object;
  readonly weightsManifest: { weights: { name: string; shape: number[]; dtype: 'float32' }[] }[];
}

/** The same graph on the same machine; what differs is how ONNX Runtime fuses it. */
const SAME_MACHINE = 1e-4;

let root: string;
let small: TrainedModel;
let bundle: string;

beforeAll(async () => {
  root = await newRoot();
  small = await trainModel(root, await installSmall(), 'avg');
  bundle = path.join(root, 'bundle');
  await exportModel({ ...small, pictures: small.workspace.pictures, folder: bundle, threads: 1 });
});
afterAll(async () => {
  await rm(root, { recursive: true });
});

async function installSmall(layout: 'NCHW' | 'NHWC' = 'NCHW'): Promise<InstalledBackbone> {
  const input = { name: 'image', width: 8, height: 8, layout, normalisation: NORMALISATIONS.caffe };
  const facts = { licence: 'MIT', parameterCount: 135, importedFrom: 'test', precision: 'float32' } as const;
  const name = `small-${layout.toLowerCase()}`;
  return installBackbone(
    { ...facts, name, input, outputs: OUTPUTS, model: smallModel(1, layout) },
    { home: path.join(root, 'home') },
  );
}

async function copyOfBundle(): Promise<string> {
  const copy = path.join(root, `copy-${Math.random()}`);
  await cp(bundle, copy, { recursive: true });
  return copy;
}

/** Probabilities of pictures that no training has seen, by the served model and by the exported file. */
async function bothAnswers({ registry, version, backbone }: TrainedModel, folder: string) {
  const pictures = await Promise.all(
    LABELS.map(async (label, index) => ({ name: label, bytes: await drawPicture(label, 500 + index) })),
  );
  const head = await openServedHead(registry, version);
  const opened = await openBackbone(backbone, { pooling: head.manifest.pooling });
  const served = await classifyPictures(opened, head, pictures, { top: LABELS.length });
  await Promise.all([head.close(), opened.close()]);
  const exported = await openExportedClassifier(await readFile(path.join(folder, 'model.onnx')), 'model.onnx');
  const rows = [];
  for (const [index, { bytes }] of pictures.entries()) {
    const answer = served[index];
    if (answer === undefined || 'refused' in answer) throw new Error('expected an answer');
    const expected = new Map(answer.predictions.map(({ label, probability }) => [label, probability]));
    const received = await exported.classify(bytes);
    const differences = head.labels.map((label, at) => Math.abs((expected.get(label) ?? NaN) - (received[at] ?? NaN)));
    rows.push({ differences, sum: received.reduce((a, b) => a + b, 0) });
  }
  await exported.close();
  return { largest: Math.max(...rows.flatMap(({ differences }) => differences)), sums: rows.map(({ sum }) => sum) };
}

describe('exportModel', () => {
  it('writes model, head, labels, golden pictures and their hashes', async () => {
    const files = (await readdir(bundle, { recursive: true })).sort();

    expect(files.filter((name) => !name.startsWith('golden'))).toEqual([
      'README.md',
      'bundle.json',
      'head-tfjs',
      'head-tfjs/model.json',
      'head-tfjs/weights.bin',
      'head.safetensors',
      'labels.json',
      'model.onnx',
    ]);
    expect(JSON.parse(await readFile(path.join(bundle, 'labels.json'), 'utf8'))).toEqual(LABELS);
    expect(await readFile(path.join(bundle, 'head.safetensors'))).toEqual(
      Buffer.from(await small.registry.readFile(small.version, 'head.safetensors')),
    );
    const listed = JSON.parse(await readFile(path.join(bundle, 'bundle.json'), 'utf8')) as {
      files: { name: string }[];
    };
    const expected = files.filter((name) => !['bundle.json', 'golden', 'head-tfjs'].includes(name));
    expect(listed.files.map(({ name }) => name)).toEqual(expected);
  });

  it("takes golden pictures of every label from the user's held-out ones", async () => {
    const { pictures, largestDifference, tolerance } = await verifyBundle(bundle);

    expect(pictures).toHaveLength(6);
    expect(new Set(pictures.map(({ label }) => label))).toEqual(new Set(LABELS));
    expect(pictures.every(({ source }) => source === 'test')).toBe(true);
    expect(largestDifference).toBeLessThan(SAME_MACHINE);
    expect(tolerance).toBe(2e-3);
  });

  it('writes the same bytes again, over the earlier bundle', async () => {
    const first = await readFile(path.join(bundle, 'bundle.json'));

    await exportModel({ ...small, pictures: small.workspace.pictures, folder: bundle });

    expect(await readFile(path.join(bundle, 'bundle.json'))).toEqual(first);
    expect((await readdir(root)).filter((name) => name.startsWith('bundle'))).toEqual(['bundle']);
  });

  it('draws golden pictures when there are none at hand, or none as they were', async () => {
    const folder = path.join(root, 'synthetic');
    const changed = new MemoryObjectStore();
    for (const key of ['red/red-0.jpg', 'green/green-1.jpg']) await changed.put(key, new Uint8Array([1]));

    const without = await exportModel({ ...small, folder });
    const other = await exportModel({ ...small, folder, pictures: changed });

    for (const { pictures, largestDifference } of [without, other]) {
      expect(pictures.map(({ source, label }) => [source, label])).toEqual(Array(4).fill(['synthetic', null]));
      expect(largestDifference).toBeLessThan(SAME_MACHINE);
    }
  });

  it('says in the metadata of the graph all that is needed to use it', async () => {
    const graph = new OnnxGraph(await readFile(path.join(bundle, 'model.onnx')));
    const manifest = await small.registry.readManifest(small.version);

    const metadata = graph.metadata;

    expect(JSON.parse(metadata['headstart.labels'] ?? '')).toEqual(LABELS);
    expect(JSON.parse(metadata['headstart.input'] ?? '')).toMatchObject({
      name: 'image',
      width: 8,
      height: 8,
      layout: 'NCHW',
      normalisation: NORMALISATIONS.caffe,
    });
    expect(JSON.parse(metadata['headstart.model'] ?? '')).toEqual({
      dataset: manifest.dataset,
      version: small.version,
    });
    expect(metadata['headstart.pooling']).toBe('avg');
    expect(Number(metadata['headstart.temperature'])).toBe(manifest.temperature);
    expect(graph.inputs).toEqual([{ name: 'image', type: 'float32', dims: ['N', 3, 8, 8] }]);
    expect(graph.outputs.map(({ name, dims }) => [name, dims])).toEqual([
      ['logits', ['N', 3]],
      ['probabilities', ['N', 3]],
    ]);
  });

  it('takes several pictures at once', async () => {
    const session = await openSession(path.join(bundle, 'model.onnx'), { threads: 1 });
    const data = numbers(5 * 3 * 64, 1);

    const { logits, probabilities } = await session.run({ image: { data, dims: [5, 3, 8, 8] } });
    await session.release();

    expect([logits?.dims, probabilities?.dims]).toEqual([
      [5, 3],
      [5, 3],
    ]);
  });
});

describe('the exported model is the served model', () => {
  it.each<[Pooling, 'NCHW' | 'NHWC']>([
    ['avg', 'NCHW'],
    ['flatten', 'NCHW'],
    ['flatten', 'NHWC'],
  ])('with pooling %s of an %s network', async (pooling, layout) => {
    const model = await trainModel(root, await installSmall(layout), pooling);
    const folder = path.join(root, `same-${pooling}-${layout}`);
    await exportModel({ ...model, folder });

    const { largest, sums } = await bothAnswers(model, folder);

    expect(largest).toBeLessThan(SAME_MACHINE);
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
  });

  it.each<Precision>(['float32', 'int8-weights', 'int8'])('with a network in precision %s', async (precision) => {
    const home = path.join(root, 'home');
    const calibration = calibrationPictures(small.workspace.location);
    const backbone = await installInPrecision(wideBackbone(), precision, { home, calibration });
    const model = await trainModel(root, backbone, 'avg');
    const folder = path.join(root, `wide-${precision}`);
    const { largestDifference } = await exportModel({ ...model, folder, pictures: model.workspace.pictures });

    const { largest } = await bothAnswers(model, folder);

    expect(largestDifference).toBeLessThan(SAME_MACHINE);
    expect(largest).toBeLessThan(SAME_MACHINE);
  });

  it('with the embedded MobileNetV2', async () => {
    const backbone = await chooseBackbone({ home: path.join(root, 'home'), name: 'mobilenet-v2' });
    const model = await trainModel(root, backbone, 'avg', 6);
    const folder = path.join(root, 'mobilenet');
    await exportModel({ ...model, folder });

    expect((await bothAnswers(model, folder)).largest).toBeLessThan(SAME_MACHINE);
  });

  it('and the head for TensorFlow.js answers the same for the same vectors', async () => {
    const tf = await startTfjs();
    const read = (name: string) => readFile(path.join(bundle, 'head-tfjs', name));
    const { modelTopology, weightsManifest } = JSON.parse((await read('model.json')).toString()) as TfjsModelFile;
    const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
    const weightData = new Uint8Array(await read('weights.bin')).buffer;
    const model = await tf.loadLayersModel({ load: () => Promise.resolve({ modelTopology, weightSpecs, weightData }) });
    const head = await openServedHead(small.registry, small.version);
    const vectors = numbers(6 * 5, 3).map((value) => Math.fround(Math.abs(value) * 50));

    const answer = model.predict(tf.tensor2d(vectors, [6, 5]));
    if (Array.isArray(answer)) throw new Error('expected one output');
    const expected = await head.probabilities(vectors, 6);
    const received = await answer.data();
    await head.close();

    expect(answer.shape).toEqual([6, 3]);
    const differences = Array.from(expected, (value, index) => Math.abs(value - (received[index] ?? NaN)));
    // Vectors are not rounded to float16 in TensorFlow.js.
    expect(Math.max(...differences)).toBeLessThan(2e-3);
  });
});

describe('exportModel refuses', () => {
  it('another backbone than the one of the training', async () => {
    const other = await installSmall('NHWC');

    await expect(exportModel({ ...small, backbone: other, folder: path.join(root, 'x') })).rejects.toThrow(
      /expected backbone small-nchw-float32-.*received small-nhwc/,
    );
  });

  it('a folder with other files, and a file', async () => {
    const folder = path.join(root, 'holiday');
    await mkdir(folder);
    await writeFile(path.join(folder, 'photo.jpg'), 'x');

    await expect(exportModel({ ...small, folder })).rejects.toThrow(InvalidInputError);
    await expect(exportModel({ ...small, folder: path.join(folder, 'photo.jpg') })).rejects.toThrow(/which is a file/);
    expect(await readdir(folder)).toEqual(['photo.jpg']);
  });

  it('a backbone whose file was altered, and keeps the earlier bundle', async () => {
    const backbone = await installBackbone(
      { ...small.backbone, model: await readFile(small.backbone.modelPath) },
      { home: path.join(root, 'other-home') },
    );
    await truncate(backbone.modelPath, 100);

    await expect(exportModel({ ...small, backbone, folder: bundle })).rejects.toThrow(DamagedFileError);
    expect((await verifyBundle(bundle)).pictures).toHaveLength(6);
  });
});

describe('verifyBundle', () => {
  it('names every file that is missing, cut short or altered', async () => {
    const folder = await copyOfBundle();
    await rm(path.join(folder, 'labels.json'));
    await truncate(path.join(folder, 'model.onnx'), 1000);
    const head = await readFile(path.join(folder, 'head.safetensors'));
    head.writeUInt8(head.readUInt8(head.length - 1) ^ 1, head.length - 1);
    await writeFile(path.join(folder, 'head.safetensors'), head);

    const outcome = verifyBundle(folder);

    await expect(outcome).rejects.toThrow(DamagedFileError);
    await expect(outcome).rejects.toThrow(
      /head\.safetensors \(altered\), labels\.json \(missing\), model\.onnx \(1000 bytes instead of \d+\)/,
    );
  });

  it('tells a folder that is no bundle, and a bundle.json that is damaged', async () => {
    await expect(verifyBundle(path.join(root, 'none'))).rejects.toThrow(NotFoundError);
    const folder = await copyOfBundle();
    await writeFile(path.join(folder, 'bundle.json'), '{"formatVersion": 1, "files": [{"name": "../../etc/passwd"}]}');
    await expect(verifyBundle(folder)).rejects.toThrow(/what headstart export writes in ".*bundle\.json"/);
  });

  it('refuses a model that answers otherwise, and names the picture', async () => {
    const folder = await copyOfBundle();
    const graph = new OnnxGraph(await readFile(path.join(folder, 'model.onnx')));
    // As if the picture had been prepared in another way: the order of its colours.
    const metadata = { ...graph.metadata };
    metadata['headstart.input'] = (metadata['headstart.input'] ?? '').replace('BGR', 'RGB');
    graph.setMetadata(metadata);
    const model = graph.toBytes();
    await writeFile(path.join(folder, 'model.onnx'), model);
    const file = path.join(folder, 'bundle.json');
    const bundleFile = JSON.parse(await readFile(file, 'utf8')) as { files: Record<string, unknown>[] };
    for (const entry of bundleFile.files) {
      if (entry.name !== 'model.onnx') continue;
      entry.sizeBytes = model.length;
      entry.sha256 = createHash('sha256').update(model).digest('hex');
    }
    await writeFile(file, JSON.stringify(bundleFile));

    await expect(verifyBundle(folder)).rejects.toMatchObject({ code: 'golden_mismatch' });
    await expect(verifyBundle(folder)).rejects.toThrow(
      /within 0\.002 for "golden\/0\d\.jpg", received a difference of \d\.\d+/,
    );
  });
});
