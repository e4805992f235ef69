import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';
import { bundleFunctions } from './bundle-functions.ts';

/** The asset of all functions, bundled in this process. */
export function functionsCode(backbone: InstalledBackbone): Code {
  return Code.fromAsset(import.meta.dirname, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local bundling below always succeeds or throws.
      image: DockerImage.fromRegistry('unused'),
      local: {
        tryBundle: (folder) => {
          bundleFunctions(backbone, folder);
          return true;
        },
      },
    },
  });
}
