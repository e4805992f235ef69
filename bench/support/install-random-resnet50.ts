import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';
import { installBackbone } from '../../shared/backbone/installed-backbones.ts';
import { quantiseWeights } from '../../shared/backbone/quantise/quantise-weights.ts';
import { NORMALISATIONS } from '../../shared/image/normalisation.ts';
import { randomResNet50 } from './random-resnet50.ts';

/** Into a backbone home of the benchmark. */
export function installRandomResNet50(home: string, precision: 'float32' | 'int8-weights'): Promise<InstalledBackbone> {
  const model = randomResNet50();
  return installBackbone(
    {
      name: 'resnet50',
      precision,
      licence: 'none',
      parameterCount: 23_587_712,
      input: { name: 'image', width: 224, height: 224, layout: 'NCHW', normalisation: NORMALISATIONS.caffe },
      outputs: {
        features: { name: 'features', channels: 2048, height: 7, width: 7 },
        embedding: { name: 'embedding', dimensions: 2048 },
      },
      importedFrom: 'bench',
      model: precision === 'float32' ? model : quantiseWeights(model),
    },
    { home },
  );
}
