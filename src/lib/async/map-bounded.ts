/**
 * Runs `work` for every item, at most `limit` at once, and hands back the results in the order of the items.
 * After a failure no further work begins; what runs is waited for, then the first failure is thrown.
 */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  let failure: { readonly reason: unknown } | null = null;
  const worker = async () => {
    for (const [position, item] of queue) {
      if (failure !== null) return;
      try {
        results[position] = await work(item);
      } catch (reason) {
        failure ??= { reason };
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, worker));
  if (failure !== null) throw (failure as { reason: unknown }).reason;
  return results;
}
