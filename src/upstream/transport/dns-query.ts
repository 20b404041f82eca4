import type { Resolver } from "node:dns/promises";

/** Addresses of a host. `ttlSeconds` is null when the source of the answer does not say how long it holds. */
export type Answer = { readonly addresses: readonly string[]; readonly ttlSeconds: number | null };

/** Of each server, by the resolver of `node:dns`. */
export const QUERY_OPTIONS = { timeout: 1000, tries: 2 } as const;
/** How long addresses of one kind wait for those of the other. */
const GRACE_MS = 500;

/** Asks for a name's addresses of both kinds. Throws the resolver's error (`ENOTFOUND`, `ETIMEOUT`, …) when there are none. */
export async function queryAddresses(resolver: Resolver, host: string): Promise<Answer> {
  const answers = await settledSoon([resolver.resolve4(host, { ttl: true }), resolver.resolve6(host, { ttl: true })]);
  const records = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  if (records.length === 0) {
    const failure = answers.find((answer) => answer.status === "rejected");
    throw failure?.reason ?? new Error("it has no address");
  }
  return {
    addresses: records.map((record) => record.address),
    ttlSeconds: Math.min(...records.map((record) => record.ttl)),
  };
}

/**
 * All outcomes; but once there is a good one, only those that come soon after it: a name server that drops questions for
 * one kind of address must not delay the other kind.
 */
async function settledSoon<T>(promises: readonly Promise<T>[]): Promise<readonly PromiseSettledResult<T>[]> {
  const settled = new Map<number, PromiseSettledResult<T>>();
  const all = Promise.all(
    promises.map((promise, index) =>
      promise.then(
        (value) => settled.set(index, { status: "fulfilled", value }),
        (reason: unknown) => settled.set(index, { status: "rejected", reason }),
      ),
    ),
  );
  const soon = Promise.any(promises).then(
    () => Bun.sleep(GRACE_MS),
    () => all,
  );
  await Promise.race([all, soon]);
  return promises.flatMap((_, index) => settled.get(index) ?? []);
}
