import { InvalidInputError } from '../errors.ts';

/**
 * @param values float16 bits, `[rows.length, dimensions]`; their memory begins at a multiple of four bytes
 * @param rows the numbers of the rows, for the message
 * @throws InvalidInputError (`features_not_finite`) naming the first row with NaN or infinity
 */
export function assertFiniteRows(values: Uint16Array, rows: Uint32Array, name: string): void {
  if (!hasNonFinite(values)) return;
  const dimensions = values.length / rows.length;
  const place = values.findIndex((bits) => (bits & EXPONENT) === EXPONENT);
  const value = new Float16Array(values.buffer, values.byteOffset, values.length)[place];
  throw new InvalidInputError(
    `${name}.features: expected finite vectors, received ${value} as value ${place % dimensions} of row ` +
      `${rows[Math.floor(place / dimensions)]}; float16 holds up to 65,504: use a backbone with smaller features, or embed again`,
    { code: 'features_not_finite' },
  );
}

const EXPONENT = 0x7c00;

/** Two values at a time: the exponent of a number that is not finite is all ones, so adding one to it carries into the sign bit. */
function hasNonFinite(values: Uint16Array): boolean {
  const pairs = new Int32Array(values.buffer, values.byteOffset, values.length >> 1);
  let carries = 0;
  // By index and signed: a for-of, like an unsigned view, takes ten times as long.
  const pairCount = pairs.length;
  for (let index = 0; index < pairCount; index += 1) carries |= (((pairs[index] ?? 0) & 0x7c007c00) + 0x04000400) | 0;
  const last = values.length % 2 === 1 ? (values[values.length - 1] ?? 0) : 0;
  return (carries & 0x80008000) !== 0 || (last & EXPONENT) === EXPONENT;
}
