/** What `promise` comes to; when that takes longer than `milliseconds`, what `otherwise` does. The promise goes on. */
export async function within<T>(promise: Promise<T>, milliseconds: number, otherwise: () => T): Promise<T> {
  const overdue = Promise.withResolvers<T>();
  const timer = setTimeout(() => {
    // What it throws is the outcome as well.
    promise.catch(() => {});
    overdue.resolve(Promise.try(otherwise));
  }, milliseconds);
  try {
    return await Promise.race([promise, overdue.promise]);
  } finally {
    clearTimeout(timer);
  }
}
