import { expect, it } from 'vitest';
import { HeadstartError } from '../../../../shared/errors.ts';
import type { ObjectStore } from '../../../../shared/storage/object-store.ts';
import { bytesOf, keysOf, listAll, textOf } from './store-under-test.ts';

const HOSTILE = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../a',
  '../../../../etc/passwd',
  'a/../../b',
  'a/..',
  'a/./b',
  'a\0b',
  'a\nb',
  'a\r',
  '\u0001',
  'a/\u001b[2J/b',
  'a\u007f',
  'a\ud800',
  'k'.repeat(1_025),
  `${'folder/'.repeat(146)}äb`,
  'é'.repeat(513),
];

const ODD = [
  '..a',
  'a..',
  '...',
  'ü/日本語',
  'a b+c%2F',
  '%2e%2e/%2fa',
  'a?b=c&d#e',
  `quote"and'angle<>&amp;`,
  '__proto__',
  'n'.repeat(200),
  `${'deep/'.repeat(60)}file`,
  // 1,024 bytes, the most that S3 takes.
  `${'folder/'.repeat(146)}ab`,
];

/** For a title: short, and without a character that would act on a terminal. */
function titled(key: string): [title: string, key: string] {
  const shown = JSON.stringify(key.slice(0, 40)).replace('\u007f', '\\u007f');
  return [key.length > 40 ? `${shown}… of ${Buffer.byteLength(key)} bytes` : shown, key];
}

export function describeKeys(getStore: () => ObjectStore): void {
  it.each(HOSTILE.map(titled))('refuses the key %s in every method', async (_, key) => {
    const store = getStore();
    const calls = [
      () => store.head(key),
      () => store.get(key),
      () => store.get(key, { start: -1 }),
      () => store.put(key, bytesOf('1')),
      () => store.put(key, bytesOf('1'), { ifAbsent: true }),
      () => store.delete(key),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await listAll(store)).toEqual([]);
  });

  const prefixes = ['../', '/', 'a/../', 'a//', './a', 'a\0', 'a\n', '\u007f/', 'é'.repeat(513)];
  it.each(prefixes.map(titled))('refuses to list below the prefix %s', async (_, prefix) => {
    await expect(listAll(getStore(), prefix)).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it.each(ODD.map(titled))('accepts the odd key %s', async (_, key) => {
    const store = getStore();
    await store.put(key, bytesOf(key));
    expect(textOf((await store.get(key))?.bytes)).toBe(key);
    expect(keysOf(await listAll(store))).toEqual([key]);
    expect(keysOf(await listAll(store, key.slice(0, 3)))).toEqual([key]);
    await store.delete(key);
    expect(await listAll(store)).toEqual([]);
  });

  it('keeps a name of 1,024 bytes whole, or refuses it as a key and keeps nothing', async () => {
    const store = getStore();
    const key = 'k'.repeat(1_024);
    const written = await store.put(key, bytesOf('1')).then(
      () => null,
      (error: unknown) => error,
    );
    if (written === null) {
      expect(textOf((await store.get(key))?.bytes)).toBe('1');
      return;
    }
    expect(written).toBeInstanceOf(HeadstartError);
    expect(written).toMatchObject({ code: 'invalid_key' });
    for (const call of [() => store.head(key), () => store.get(key)]) {
      const found = await call().catch((error: unknown) => error);
      if (found !== null) expect(found).toMatchObject({ code: 'invalid_key' });
    }
    expect(await listAll(store)).toEqual([]);
  });
}
