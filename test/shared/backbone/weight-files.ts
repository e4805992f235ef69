import { readFileSync, writeFileSync } from 'node:fs';
import { File, ready } from 'h5wasm/node';
import { openHdf5 } from '../../../shared/backbone/keras-h5/open-hdf5.ts';

export interface StoredTensor {
  /** As in `weight_names`. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
  /** Named in the file and not written. @default false */
  readonly isAbsent?: boolean;
}

export interface StoredLayer {
  readonly name: string;
  readonly tensors: readonly StoredTensor[];
}

/** Every layer of a Keras legacy file, to be changed and written again. */
export async function readLegacyLayers(path: string): Promise<StoredLayer[]> {
  const file = await openHdf5(path);
  try {
    return (file.stringsOf('', 'layer_names') ?? []).map((name) => ({
      name,
      tensors: (file.stringsOf(name, 'weight_names') ?? []).map((tensor) => ({
        name: tensor,
        ...file.read(`${name}/${tensor}`),
      })),
    }));
  } finally {
    file.close();
  }
}

/** Writes Keras' legacy layout, below `root` as `model.save` does. */
export async function writeLegacyLayers(path: string, layers: readonly StoredLayer[], root = ''): Promise<void> {
  await ready;
  const file = new File(path, 'w');
  const top = root === '' ? file : file.create_group(root);
  top.create_attribute(
    'layer_names',
    layers.map(({ name }) => name),
  );
  for (const { name, tensors } of layers) {
    const group = top.create_group(name);
    if (tensors.length === 0) continue;
    group.create_attribute(
      'weight_names',
      tensors.map((tensor) => tensor.name),
    );
    for (const tensor of tensors)
      if (tensor.isAbsent !== true) writeTensor(file, [root, name, tensor.name].filter(Boolean).join('/'), tensor);
  }
  file.close();
}

function writeTensor(file: File, path: string, { dims, data }: StoredTensor): void {
  const segments = path.split('/');
  const name = segments.pop() ?? '';
  let group = '';
  for (const segment of segments) {
    group = `${group}/${segment}`;
    if (file.get(group) === null) file.create_group(group);
  }
  file.create_dataset({ name: `${group}/${name}`, data, shape: [...dims] });
}

interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}
export type SafetensorsHeader = Record<string, SafetensorsEntry>;

/** Changes the header of a safetensors file, the data stay. */
export function editSafetensors(
  source: string,
  target: string,
  edit: (header: SafetensorsHeader, data: Uint8Array) => SafetensorsHeader,
): void {
  const bytes = readFileSync(source);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString()) as SafetensorsHeader;
  const data = new Uint8Array(bytes.subarray(8 + headerBytes));
  const edited = Buffer.from(JSON.stringify(edit(header, data)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(edited.length));
  writeFileSync(target, Buffer.concat([length, edited, data]));
}
