/**
 * Runs `work` on the items of a source, at most `limit` started and not yet taken, and yields the results as they come. Started only as fast as
 * the consumer takes: memory is `limit` items, however long the source. `work` must not throw for one bad item; if it does, the whole
 * thing stops with that error.
 */
export async function* mapUnordered<T, R>(
  source: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const done: R[] = [];
  const state = { running: 0, isEnded: false, failures: [] as unknown[], wake: Promise.withResolvers<undefined>() };
  const start = async (item: T): Promise<void> => {
    state.running++;
    try {
      done.push(await work(item));
    } catch (error) {
      state.failures.push(error);
    }
    state.running--;
    state.wake.resolve(undefined);
  };
  try {
    for (;;) {
      while (!state.isEnded && state.running + done.length < limit) {
        const next = await iterator.next();
        if (next.done === true) state.isEnded = true;
        else void start(next.value);
      }
      if (state.failures.length > 0) throw state.failures[0];
      const result = done.shift();
      if (result !== undefined) yield result;
      else if (state.running === 0) return;
      else {
        state.wake = Promise.withResolvers();
        await state.wake.promise;
      }
    }
  } finally {
    await iterator.return?.();
  }
}
