import { connect } from "node:net";

/** RFC 8305, section 5: the pause before the next address is tried beside the first. */
const STAGGER_MS = 250;
const PROBE_TIMEOUT_MS = 5000;
const REMEMBERED_HOSTS = 1000;

/**
 * Finds out which of a server's addresses answers, so that one that swallows packets (an IPv6 address in a network
 * without IPv6, say) costs a quarter of a second and not a whole deadline.
 *
 * `fetch` takes one address and does not tell when it is connected; so a server with several is probed first, by
 * connections that are closed at once, and the address that answered is remembered until `forget`.
 */
export class ReachableAddresses {
  readonly #best = new Map<string, string>();

  /** `addresses`, of which there is at least one, with the one that answers on `port` in front. */
  async order(
    host: string,
    port: number,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    if (addresses.length < 2) return addresses;
    const key = `${host}:${port}`;
    const known = this.#best.get(key);
    const best =
      known !== undefined && addresses.includes(known) ? known : await raceToConnect(addresses, port, signal);
    if (best === null) return addresses;
    if (this.#best.size >= REMEMBERED_HOSTS) this.#best.clear();
    this.#best.set(key, best);
    return [best, ...addresses.filter((address) => address !== best)];
  }

  /** The address in front did not answer after all: probe again next time. */
  forget(host: string, port: number): void {
    this.#best.delete(`${host}:${port}`);
  }
}

/** The first address that accepts a connection; null when none does in time. */
async function raceToConnect(addresses: readonly string[], port: number, signal: AbortSignal): Promise<string | null> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(stop, PROBE_TIMEOUT_MS);
  try {
    signal.throwIfAborted();
    let start = Promise.resolve();
    const attempts = addresses.map((address) => {
      const attempt = start.then(() => tryConnect(address, port, over.signal));
      // The next one starts after the pause, or as soon as this one has failed.
      start = Promise.race([
        start.then(() => Bun.sleep(STAGGER_MS)),
        attempt.then(
          () => {},
          () => {},
        ),
      ]);
      return attempt;
    });
    return await Promise.any(attempts);
  } catch {
    // None answered. The request itself is made all the same: its error says more than this one.
    signal.throwIfAborted();
    return null;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    over.abort();
  }
}

function tryConnect(address: string, port: number, over: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    if (over.aborted) {
      reject(new Error("another address answered"));
      return;
    }
    const socket = connect({ host: address, port });
    const stop = (): void => {
      socket.destroy();
      reject(new Error("another address answered"));
    };
    over.addEventListener("abort", stop, { once: true });
    socket.once("connect", () => {
      over.removeEventListener("abort", stop);
      socket.destroy();
      resolve(address);
    });
    socket.once("error", (error) => {
      over.removeEventListener("abort", stop);
      socket.destroy();
      reject(error);
    });
  });
}
