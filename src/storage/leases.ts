/**
 * The contract of leases: who does something that only one may do at a time, and keeps at it for long, such as writing to an
 * upload, fetching a blob, or collecting. No lock is held for it and no transaction: whoever dies loses it with its time.
 *
 * A lease that has ended may be granted to another, who then has a higher fence. One who comes back to its work too late finds
 * that at `renew`, and must change nothing any more that the fence guards.
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

/** Does work under a lease, which is renewed until the work ends. Null when somebody else holds it. */
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
