import { orAborted } from "./or-aborted.ts";

/** The same items, until `signal` fires: then its reason is thrown, even while an item is being waited for. */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), signal);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not waited for: a source that has nothing to give ends when it likes.
    iterator.return?.()?.catch(() => {});
  }
}
