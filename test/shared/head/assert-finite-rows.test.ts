import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../shared/errors.ts';
import { assertFiniteRows } from '../../../shared/head/assert-finite-rows.ts';

describe('assertFiniteRows', () => {
  it('knows each of the 65,536 float16 values, in either half of a pair and alone at the end', () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const [value = 0] = new Float16Array(Uint16Array.of(bits).buffer);
      for (const values of [Uint16Array.of(bits, 1), Uint16Array.of(0xfbff, bits), Uint16Array.of(1, 2, bits)]) {
        const check = () => {
          assertFiniteRows(values, Uint32Array.of(0), 'train');
        };
        if (Number.isFinite(value)) check();
        else expect(check).toThrow(InvalidInputError);
      }
    }
  });

  it('names the first row by its number in the dataset', () => {
    const values = new Uint16Array(Float16Array.of(1, 2, 3, 4, 70_000, Number.NaN).buffer);

    expect(() => {
      assertFiniteRows(values, Uint32Array.of(9, 4, 7), 'valid');
    }).toThrow('valid.features: expected finite vectors, received Infinity as value 0 of row 7');
  });
});
