import { imageVersions } from '../image/versions.ts';
import { runtimeVersion } from '../onnx/session.ts';
import type { SoftwareVersions } from '../registry/model-manifest.ts';
import { headstartVersion } from '../version.ts';

/** What a manifest says of the software that made a model. */
export function softwareVersions(): SoftwareVersions {
  return {
    headstart: headstartVersion(),
    node: process.versions.node,
    onnxruntime: runtimeVersion(),
    ...imageVersions(),
  };
}
