import type { PictureToEmbed } from '../../shared/features/embed-pictures.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';

/** The pictures of a store, in its order, again and again without an end. */
export async function picturesInTurns(store: ObjectStore): Promise<() => Generator<PictureToEmbed>> {
  const found: PictureToEmbed[] = [];
  for await (const info of store.list('')) if (info.key.endsWith('.jpg')) found.push(info);
  if (found.length === 0) throw new Error(`expected pictures in ${store.location}, found none`);
  return function* inTurns() {
    for (;;) yield* found;
  };
}
