import { InvalidInputError } from '../errors.ts';
import { NORMALISATIONS, type Normalisation } from '../image/normalisation.ts';
import type { BackboneEntry, BackboneInput, BackboneOutputs, BackboneSource } from './backbone.ts';

const HUGGING_FACE = 'https://huggingface.co';

/** CLIP-style statistics of ImageNet are `torch`; some transformers were trained on -1..1, which is `tf`. */
function input224(name: string, normalisation: Normalisation): BackboneInput {
  return { name, width: 224, height: 224, layout: 'NCHW', normalisation };
}

function outputs(channels: number): BackboneOutputs {
  return {
    features: { name: 'features', channels, height: 7, width: 7 },
    embedding: { name: 'embedding', dimensions: channels },
  };
}

/** The class token of a transformer; it has no feature map. */
function classToken(dimensions: number): BackboneOutputs {
  return { features: null, embedding: { name: 'embedding', dimensions } };
}

/** Exports of Hugging Face's transformers give all tokens, the class token first. */
function transformer(url: string): BackboneSource {
  return { url, format: 'onnx', hash: null, embeddingValue: 'last_hidden_state' };
}

/**
 * Feature extractors known by name. An entry whose source has no hash could not be downloaded where it was written: `backbone list`
 * shows it as unverified, and `backbone pull` prints the hash that it receives.
 */
export const BACKBONE_ENTRIES: readonly BackboneEntry[] = [
  {
    name: 'resnet50',
    title: 'ResNet50 v1, Keras weights, ImageNet',
    sources: [
      {
        url: 'https://storage.googleapis.com/tensorflow/keras-applications/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5',
        format: 'keras-h5',
        hash: { algorithm: 'md5', hex: '4d473c1dd8becc155b73f8504c6f6626' },
      },
    ],
    licence: 'Apache-2.0 (Keras applications)',
    input: input224('image', NORMALISATIONS.caffe),
    outputs: outputs(2048),
    parameterCount: 23_587_712,
  },
  {
    name: 'mobilenet-v2',
    title: 'MobileNetV2 1.4 of nsfwjs, tuned from ImageNet for another task; comes with the installation',
    sources: [
      {
        url: 'npm:nsfwjs/dist/models/mobilenet_v2_mid',
        format: 'tfjs-graph',
        hash: { algorithm: 'sha256', hex: '70d00d1ec460f74698ffa29ad6b9b754b95430efc4b9827f630ae44a856538e3' },
      },
    ],
    licence: 'MIT (nsfwjs)',
    input: input224('image', NORMALISATIONS.unit),
    outputs: outputs(1792),
    parameterCount: 4_365_712,
  },
  {
    name: 'resnet50-v1.5',
    title: 'ResNet50 v1.5, timm a1_in1k weights, ImageNet',
    sources: [
      {
        url: `${HUGGING_FACE}/timm/resnet50.a1_in1k/resolve/main/model.safetensors`,
        format: 'safetensors',
        hash: null,
      },
    ],
    licence: 'Apache-2.0 (timm)',
    input: input224('image', NORMALISATIONS.torch),
    outputs: outputs(2048),
    parameterCount: 23_508_032,
  },
  {
    name: 'mobilenet-v2-imagenet',
    title: 'MobileNetV2 1.0 of the ONNX model zoo, ImageNet',
    sources: [
      {
        url: `${HUGGING_FACE}/onnxmodelzoo/legacy_models/resolve/main/validated/vision/classification/mobilenet/model/mobilenetv2-12.onnx`,
        format: 'onnx',
        hash: null,
      },
    ],
    licence: 'Apache-2.0 (ONNX model zoo)',
    input: input224('input', NORMALISATIONS.torch),
    outputs: outputs(1280),
    parameterCount: 2_223_872,
  },
  {
    name: 'efficientnet-b0',
    title: 'EfficientNet-B0, ImageNet, ONNX export of Kalray',
    sources: [
      {
        url: `${HUGGING_FACE}/Kalray/efficientnet-b0/resolve/main/efficientNet-b0.onnx`,
        format: 'onnx',
        hash: null,
      },
    ],
    licence: 'Apache-2.0 (EfficientNet)',
    input: input224('pixel_values', NORMALISATIONS.torch),
    outputs: outputs(1280),
    parameterCount: 4_007_548,
  },
  {
    name: 'vit-s16',
    title: 'ViT-S/16 trained with DINO, ImageNet without labels',
    sources: [transformer(`${HUGGING_FACE}/Xenova/dino-vits16/resolve/main/onnx/model.onnx`)],
    licence: 'Apache-2.0 (DINO)',
    input: input224('pixel_values', NORMALISATIONS.torch),
    outputs: classToken(384),
    parameterCount: 21_665_664,
  },
  {
    name: 'dinov2-s',
    title: 'DINOv2 ViT-S/14',
    sources: [transformer(`${HUGGING_FACE}/Xenova/dinov2-small/resolve/main/onnx/model.onnx`)],
    licence: 'Apache-2.0 (DINOv2)',
    input: input224('pixel_values', NORMALISATIONS.torch),
    outputs: classToken(384),
    parameterCount: 22_056_576,
  },
];

/** Needs no download: what the demo and the first training use. */
export const EMBEDDED_BACKBONE = 'mobilenet-v2';
/** Used wherever it is installed. */
export const PREFERRED_BACKBONE = 'resnet50';

/** @throws InvalidInputError that lists the names */
export function backboneEntry(name: string): BackboneEntry {
  const entry = BACKBONE_ENTRIES.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const names = BACKBONE_ENTRIES.map((candidate) => candidate.name).join(', ');
  throw new InvalidInputError(
    `expected one of ${names} for the backbone, received "${name}"; to use a file of your own: headstart backbone import`,
    { code: 'unknown_backbone' },
  );
}
