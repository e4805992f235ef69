import { InvalidInputError } from '../../errors.ts';

/** A node of a TF.js graph model, as its JSON has it: numbers are strings, strings are base64. */
export interface TfjsGraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, TfjsAttribute>>;
}

interface TfjsAttribute {
  readonly s?: string;
  readonly f?: number;
  readonly list?: { readonly i?: readonly (string | number)[]; readonly s?: readonly string[] };
  readonly shape?: { readonly dim?: readonly { readonly size: string | number }[] };
}

/** Reads a node's attributes. */
export class GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of other nodes; control inputs are left out. */
  readonly inputs: readonly string[];
  readonly #attributes: Readonly<Record<string, TfjsAttribute>>;

  constructor({ name, op, input = [], attr = {} }: TfjsGraphNode) {
    this.name = name;
    this.op = op;
    this.inputs = input.filter((source) => !source.startsWith('^')).map((source) => source.replace(/:\d+$/, ''));
    this.#attributes = attr;
  }

  string(name: string, fallback: string): string {
    const value = this.#attributes[name]?.s;
    return value === undefined ? fallback : decode(value);
  }

  strings(name: string): readonly string[] {
    return (this.#attributes[name]?.list?.s ?? []).map(decode);
  }

  float(name: string, fallback: number): number {
    return this.#attributes[name]?.f ?? fallback;
  }

  list(name: string): readonly number[] {
    return (this.#attributes[name]?.list?.i ?? []).map(Number);
  }

  /** Height and width of a Placeholder `[N, height, width, 3]`. */
  inputSize(): [height: number, width: number] {
    const dims = (this.#attributes.shape?.shape?.dim ?? []).map(({ size }) => Number(size));
    const [, height = -1, width = -1, channels] = dims;
    if (dims.length === 4 && height > 0 && width > 0 && channels === 3) return [height, width];
    throw new InvalidInputError(
      `expected an input of shape [N, height, width, 3] for "${this.name}", received [${dims.join(', ')}]; export the model with a fixed size`,
    );
  }
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
