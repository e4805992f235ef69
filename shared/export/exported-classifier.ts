import { decodePicture } from '../image/decode-picture.ts';
import { normalise } from '../image/normalise.ts';
import { DamagedFileError } from '../errors.ts';
import { OnnxGraph } from '../onnx/onnx-graph.ts';
import { openSession, type SessionOptions } from '../onnx/session.ts';
import { parseMetadata, type ClassifierFacts } from './classifier-facts.ts';
import { PROBABILITIES } from './join-classifier.ts';

/** An exported `model.onnx`, loaded; nothing but the file is needed. */
export interface ExportedClassifier {
  readonly facts: ClassifierFacts;
  /** @param picture the file's bytes @returns a probability for each label */
  classify(picture: Uint8Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** @param file its name, for messages @throws DamagedFileError, InvalidInputError */
export async function openExportedClassifier(
  model: Uint8Array,
  file: string,
  options: Pick<SessionOptions, 'threads'> = {},
): Promise<ExportedClassifier> {
  const facts = parseMetadata(new OnnxGraph(model, file).metadata, file);
  const { name, layout, width, height } = facts.input;
  const dims = layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3];
  const session = await openSession(model, options);
  return {
    facts,
    classify: async (picture) => {
      const { pixels } = await decodePicture(picture, { width, height });
      const data = normalise(pixels, 1, facts.input);
      const { [PROBABILITIES]: output } = await session.run({ [name]: { data, dims } }, [PROBABILITIES]);
      if (output?.data instanceof Float32Array && output.data.length === facts.labels.length) return output.data;
      throw new DamagedFileError(
        `expected ${facts.labels.length} probabilities from "${file}", received ${output?.data.length ?? 0}; export it again`,
      );
    },
    close: () => session.release(),
  };
}
