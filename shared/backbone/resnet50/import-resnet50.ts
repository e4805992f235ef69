import { basename } from 'node:path';
import { InvalidInputError } from '../../errors.ts';
import { assertBinaryWeights, readHead } from '../assert-binary-weights.ts';
import { locateKerasResNet50 } from '../keras-h5/keras-resnet50.ts';
import { isHdf5, openHdf5 } from '../keras-h5/open-hdf5.ts';
import { isSafetensors, openSafetensors } from '../safetensors-file.ts';
import { planResNet50, RESNET50_BASE_WIDTH, type ResNet50Plan, type ResNet50Variant } from './plan-resnet50.ts';
import { locateTorchResNet50 } from './torch-resnet50.ts';
import { writeResNet50, type ResNet50GraphOptions } from './write-resnet50.ts';

export interface ImportResNet50Options extends ResNet50GraphOptions {
  /** Channels behind the first convolution. @default 64, the published network */
  readonly baseWidth?: number;
}

export interface ImportedResNet50 {
  /** The ONNX file, float32: input `image`, outputs `features` and `embedding` (writeResNet50). */
  readonly model: Uint8Array;
  /** `v1` from Keras files (input normalised `caffe`), `v1.5` from safetensors (`torch`). */
  readonly variant: ResNet50Variant;
  /** Of `embedding`. */
  readonly dimensions: number;
}

/**
 * Reads ResNet50 weights from Keras HDF5 (both layouts, with or without top) or from torchvision's or timm's safetensors, tensor
 * by tensor, folds batch normalisation and writes ONNX. The kind of file is told by its bytes, not by its name.
 *
 * @throws DamagedFileError when the file is cut short, a web page, or holds NaN
 * @throws InvalidInputError (`wrong_weights`) when a tensor is missing, has another shape, or the network is another one
 */
export async function importResNet50(path: string, options: ImportResNet50Options = {}): Promise<ImportedResNet50> {
  const head = readHead(path);
  assertBinaryWeights(head, basename(path));
  const { baseWidth = RESNET50_BASE_WIDTH } = options;
  if (isHdf5(head)) return importKeras(path, planResNet50('v1', baseWidth), options);
  if (isSafetensors(head)) return importTorch(path, planResNet50('v1.5', baseWidth), options);
  throw new InvalidInputError(
    `expected Keras HDF5 (.h5) or safetensors for "${basename(path)}", received bytes of another kind; ` +
      'a PyTorch .pth file is converted by safetensors.torch.save_file(model.state_dict(), "resnet50.safetensors")',
    { code: 'wrong_weights' },
  );
}

async function importKeras(path: string, plan: ResNet50Plan, options: ResNet50GraphOptions): Promise<ImportedResNet50> {
  const file = await openHdf5(path);
  try {
    const model = writeResNet50(plan, locateKerasResNet50(file, plan), options);
    return { model, variant: plan.variant, dimensions: plan.channels };
  } finally {
    file.close();
  }
}

function importTorch(path: string, plan: ResNet50Plan, options: ResNet50GraphOptions): ImportedResNet50 {
  const file = openSafetensors(path);
  try {
    const model = writeResNet50(plan, locateTorchResNet50(file, plan), options);
    return { model, variant: plan.variant, dimensions: plan.channels };
  } finally {
    file.close();
  }
}
