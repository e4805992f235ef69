import type { ClassifierFacts } from './classifier-facts.ts';

/** How to use the bundle, for someone who never heard of Headstart. */
export function bundleReadme(facts: ClassifierFacts): string {
  const { model, labels, input, backbone, pooling, temperature } = facts;
  const { channelOrder, scale, mean, std } = input.normalisation;
  const flip = channelOrder === 'BGR' ? '[..., ::-1]' : '';
  const axes = input.layout === 'NCHW' ? '.transpose(2, 0, 1)' : '';
  return `# ${model.dataset}, ${model.version}

Classifies a picture as one of ${labels.length} labels. Backbone ${backbone.name} (${backbone.precision}, pooling ${pooling}; licence: ${backbone.licence}),
softmax temperature ${temperature}.

- \`model.onnx\`: picture to \`logits\` and \`probabilities\`, float32 [N, ${labels.length}]. Input \`${input.name}\` float32 ${input.layout}, ${input.width} x ${input.height}.
  All of this is in its metadata (\`headstart.input\`, \`headstart.labels\`, ...) too.
- \`head.safetensors\`: \`kernel\` [D, ${labels.length}] and \`bias\`; \`head-tfjs/model.json\`: the same as a TF.js layers model that answers with probabilities.
- \`labels.json\`: the labels in the order of the outputs.
- \`golden/\`: pictures with the probabilities that the model must give. \`headstart verify <this folder>\` checks them and every file.

Preprocessing: ${input.resize}.

\`\`\`python
import json, sys
import numpy as np, onnxruntime
from PIL import Image, ImageOps

picture = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB").resize((${input.width}, ${input.height}), Image.BILINEAR)
pixels = np.asarray(picture, np.float64)${flip}
values = ((pixels * ${scale} - np.array([${mean.join(', ')}])) / np.array([${std.join(', ')}])).astype(np.float32)
session = onnxruntime.InferenceSession("model.onnx")
[probabilities] = session.run(["probabilities"], {"${input.name}": np.ascontiguousarray(values${axes})[None]})
for label, probability in zip(json.load(open("labels.json")), probabilities[0]):
    print(f"{probability:.4f} {label}")
\`\`\`
`;
}
