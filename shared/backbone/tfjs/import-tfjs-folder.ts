import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { DamagedFileError, InvalidInputError, messageOf, NotFoundError } from '../../errors.ts';
import type { ConvertedNetwork } from './converted-network.ts';
import { convertGraphModel } from './graph-model.ts';
import { convertLayersModel } from './layers-model.ts';
import { parseTfjsModel } from './tfjs-model.ts';

export interface ImportedTfjsNetwork extends ConvertedNetwork {
  /** Numbers in the file's weights, with those of the classifier that is cut off. */
  readonly parameterCount: number;
}

const GRAPH_NODES = z.array(z.looseObject({ name: z.string(), op: z.string() }));

/**
 * Reads `model.json` with its shards beside it: a TF.js graph model, or a layers model as Teachable Machine exports it.
 *
 * @throws NotFoundError for a missing file, DamagedFileError for one that is cut short, InvalidInputError for a network that is not
 *   supported, by the operator's or layer's name
 */
export async function importTfjsFolder(modelFile: string): Promise<ImportedTfjsNetwork> {
  const text = await readFile(modelFile, 'utf8').catch((cause: unknown) => {
    throw new NotFoundError(`expected the model.json of a TF.js model at "${modelFile}": ${messageOf(cause)}`, {
      cause,
    });
  });
  const model = parseTfjsModel(parseJson(text, modelFile), (names) => readShards(path.dirname(modelFile), names));
  const parameterCount = [...model.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  // TensorFlow.js itself writes the configuration at the top, converted Keras models below model_config.
  const { node, model_config: config = 'config' in model.topology ? model.topology : undefined } = model.topology;
  if (node !== undefined) return { ...convertGraphModel(GRAPH_NODES.parse(node), model.weights), parameterCount };
  if (config !== undefined) return { ...convertLayersModel(config, model.weights), parameterCount };
  throw new InvalidInputError(
    `expected a graph (node) or layers (model_config) in the modelTopology of "${modelFile}", found ${Object.keys(model.topology).join(', ')}`,
  );
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DamagedFileError(`expected JSON in "${file}": ${messageOf(cause)}; export the model again`, { cause });
  }
}

function readShards(folder: string, names: readonly string[]): Uint8Array {
  return Buffer.concat(
    names.map((name) => {
      if (path.basename(name) !== name)
        throw new InvalidInputError(`expected the name of a file beside model.json, received "${name}"`);
      try {
        return readFileSync(path.join(folder, name));
      } catch (cause) {
        throw new NotFoundError(
          `expected the weights "${name}" beside model.json: ${messageOf(cause)}; copy the whole export`,
          { cause },
        );
      }
    }),
  );
}
