/**
 * Runs `work` for every item, at most `limit` ahead of who takes the results, and yields them in the order of the items:
 * no more than `limit` of them are in memory. What has begun when nobody takes them any more is left to end by itself.
 */
export async function* mapAhead<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, void> {
  const begun: Promise<Result>[] = [];
  for (const item of items) {
    const result = work(item);
    // Its failure is seen when its turn comes; when that never comes, an earlier one was thrown.
    result.catch(() => {});
    begun.push(result);
    const first = begun.length < Math.max(1, limit) ? undefined : begun.shift();
    if (first !== undefined) yield await first;
  }
  for (const result of begun) yield await result;
}
