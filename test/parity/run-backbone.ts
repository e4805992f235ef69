import { normalise } from '../../shared/image/normalise.ts';
import { NORMALISATIONS } from '../../shared/image/normalisation.ts';
import type { ResNet50Variant } from '../../shared/backbone/resnet50/plan-resnet50.ts';
import { openSession, type DenseTensor } from '../../shared/onnx/session.ts';
import type { ResNet50Fixture } from './parity-fixture.ts';

/** The fixture's picture as the network takes it, `[3, height, width]`. */
export function pictureOf(fixture: ResNet50Fixture, variant: ResNet50Variant): Float32Array {
  const [, height, width] = fixture.imageDims;
  const normalisation = variant === 'v1' ? NORMALISATIONS.caffe : NORMALISATIONS.torch;
  const pixels = new Uint8Array(Buffer.from(fixture.image, 'base64'));
  return normalise(pixels, 1, { width, height, layout: 'NCHW', normalisation });
}

export interface Outputs {
  readonly features: DenseTensor<Float32Array>;
  readonly embedding: DenseTensor<Float32Array>;
}

export async function runBackbone(model: Uint8Array, picture: Float32Array, dims: readonly number[]): Promise<Outputs> {
  const session = await openSession(model, { threads: 2 });
  try {
    const { features, embedding } = await session.run({ image: { data: picture, dims: [1, ...dims] } });
    return { features: asFloat(features), embedding: asFloat(embedding) };
  } finally {
    await session.release();
  }
}

function asFloat(tensor: DenseTensor | undefined): DenseTensor<Float32Array> {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('expected float32 outputs "features" and "embedding"');
  return { data: tensor.data, dims: tensor.dims };
}
