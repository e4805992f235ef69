import { describe, expect, it } from 'vitest';
import { bestOf, measureInterleaved, ratiosOf } from '../../bench/support/measure.ts';

describe('measureInterleaved', () => {
  it('takes the seconds of a variant that times itself, not those of the call', async () => {
    let calls = 0;
    const timesItself = {
      name: 'peer',
      run: () => {
        calls += 1;
        return Promise.resolve({ work: 100 * calls, seconds: 2 });
      },
    };
    const [measured] = await measureInterleaved([timesItself], 2);
    // The first of the three calls warms up.
    expect(measured?.rates).toEqual([100, 150]);
  });

  it('turns the order within a round each time', async () => {
    const order: string[] = [];
    const variant = (name: string) => ({
      name,
      run: () => {
        order.push(name);
        return Promise.resolve(1);
      },
    });
    await measureInterleaved([variant('a'), variant('b')], 2);
    expect(order).toEqual(['b', 'a', 'a', 'b', 'b', 'a']);
  });
});

describe('bestOf', () => {
  it('takes the fastest setting of each round, so that a peer is compared at its best', () => {
    const best = bestOf('Keras', [
      { name: 'one thread', rates: [4, 1, 3] },
      { name: 'two threads', rates: [2, 5, 6] },
    ]);
    expect(best).toEqual({ name: 'Keras', rates: [4, 5, 6] });
    expect(ratiosOf({ name: 'ours', rates: [8, 10, 18] }, best)).toEqual([2, 2, 3]);
  });
});
