import { describe, expect, it } from 'vitest';
import { memoise } from '../../../shared/service/memoise.ts';

describe('memoise', () => {
  it('runs once for all who ask, also at the same time', async () => {
    let runs = 0;
    const once = memoise(() => Promise.resolve(++runs));
    expect(await Promise.all([once(), once()])).toEqual([1, 1]);
    expect(await once()).toBe(1);
  });

  it('tries again after a failure', async () => {
    let runs = 0;
    const once = memoise(() => (++runs === 1 ? Promise.reject(new Error('first')) : Promise.resolve(runs)));
    await expect(once()).rejects.toThrow('first');
    expect(await once()).toBe(2);
  });
});
