/**
 * Grants leases for work that only one may do at a time and that takes long: writing to an upload, fetching a blob,
 * collecting. No lock is held and no transaction is open meanwhile: the lease of a process that dies ends with its
 * time.
 *
 * A lease that has ended may be granted to another, who then has a higher fence. Whoever returns to its work too late
 * learns that at `renew`, and must change nothing any more that the fence guards.
 */
export interface Leases {
  /** The fence, when nobody holds the lease; null while somebody does, whoever that is. */
  acquire(name: string, holder: string, forMs: number): Promise<number | null>;
  /** Holds it for so long from now on. False when it has ended. */
  renew(name: string, fence: number, forMs: number): Promise<boolean>;
  /** Ends it. One that has ended already is another's, and stays. */
  release(name: string, fence: number): Promise<void>;
}

/** A lease is held for so long, and renewed three times in it: a larder that was killed keeps nobody out for longer. */
const HELD_MS = 60_000;

/** Runs work under a lease, which is renewed until the work ends. Null when somebody else holds it. */
export async function underLease<T>(
  leases: Leases,
  name: string,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | null> {
  const fence = await leases.acquire(name, HOLDER, HELD_MS);
  if (fence === null) return null;
  // A renewal that fails is tried again before the time is over.
  const renew = () => void leases.renew(name, fence, HELD_MS).catch(() => {});
  const timer = setInterval(renew, HELD_MS / 3);
  try {
    return { value: await work() };
  } finally {
    clearInterval(timer);
    await leases.release(name, fence);
  }
}

/** This process, for people who look at who holds what. */
const HOLDER = `${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
