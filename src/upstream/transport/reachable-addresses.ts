import { connect } from "node:net";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { UpstreamError } from "./upstream-error.ts";

/** RFC 8305, section 5: the pause before the next address is tried beside the first. */
const STAGGER_MS = 250;
const SILENT = Symbol("silent");
const REMEMBERED_HOSTS = 1000;
/** For how long a host that swallowed packets is not waited for again. */
const SILENCE_MS = 5000;

/**
 * Finds out which of a server's addresses answers, so that one that swallows packets (an IPv6 address in a network
 * without IPv6, say) costs a quarter of a second and not a whole deadline, and so does a network that is gone.
 *
 * `fetch` takes one address and does not tell when it is connected; so a server with several is probed first, by
 * connections that are closed at once, and the address that answered is remembered until `forget`. A server that takes
 * its time is probed beside the request: it may be slow, or nothing may arrive there any more.
 */
export class ReachableAddresses {
  readonly #connectTimeoutMs: number;
  readonly #elapsed: () => number;
  readonly #best = new Map<string, string>();
  readonly #silentUntilMs = new Map<string, number>();
  readonly #probes = new SingleFlight<string, boolean>();

  /** `elapsed` gives milliseconds, by a clock that nobody sets. */
  constructor(connectTimeoutMs: number, elapsed: () => number) {
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#elapsed = elapsed;
  }

  /**
   * `addresses`, of which there is at least one, with the one that answers on `port` in front. Throws an `unreachable`
   * failure (`silent`) when none does in time, or did a moment ago.
   */
  async order(
    host: string,
    port: number,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const key = `${host}:${port}`;
    if ((this.#silentUntilMs.get(key) ?? Number.NEGATIVE_INFINITY) > this.#elapsed()) throw this.#silence(key);
    if (addresses.length < 2) return addresses;
    const known = this.#best.get(key);
    const best =
      known !== undefined && addresses.includes(known) ? known : await this.#race(key, addresses, port, signal);
    if (best === null) return addresses;
    if (this.#best.size >= REMEMBERED_HOSTS) this.#best.clear();
    this.#best.set(key, best);
    return [best, ...addresses.filter((address) => address !== best)];
  }

  /** The address in front did not answer after all: probe again next time. */
  forget(host: string, port: number): void {
    this.#best.delete(`${host}:${port}`);
  }

  /**
   * Does `address` (or a name that the system resolves) still take connections, or refuse them? Waits `timeoutMs` at
   * most; those who ask at the same time share a probe.
   */
  isAlive(address: string, port: number, timeoutMs: number): Promise<boolean> {
    return this.#probes.run(`${address} ${port}`, () => answersAtAll(address, port, timeoutMs));
  }

  /** Nothing arrived at the host: the failure that it is, for those who ask in the next few seconds, too. */
  noteSilence(host: string, port: number): UpstreamError {
    return this.#noteSilence(`${host}:${port}`);
  }

  #silence(key: string): UpstreamError {
    return new UpstreamError(
      { kind: "unreachable", reason: "silent" },
      `nothing answers at ${key}: no connection within ${this.#connectTimeoutMs} ms`,
    );
  }

  async #race(key: string, addresses: readonly string[], port: number, signal: AbortSignal): Promise<string | null> {
    const winner = await raceToConnect(addresses, port, this.#connectTimeoutMs, signal);
    if (winner === SILENT) throw this.#noteSilence(key);
    return winner;
  }

  #noteSilence(key: string): UpstreamError {
    this.#best.delete(key);
    if (this.#silentUntilMs.size >= REMEMBERED_HOSTS) this.#silentUntilMs.clear();
    this.#silentUntilMs.set(key, this.#elapsed() + SILENCE_MS);
    return this.#silence(key);
  }
}

/** The first address that accepts a connection; `SILENT` when time was over before all had refused, else null. */
async function raceToConnect(
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | typeof SILENT | null> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(stop, timeoutMs);
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
    signal.throwIfAborted();
    // All refused: the request itself is made all the same, since its error says more than this one.
    return over.signal.aborted ? SILENT : null;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    over.abort();
  }
}

async function answersAtAll(address: string, port: number, timeoutMs: number): Promise<boolean> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeoutMs);
  try {
    await tryConnect(address, port, over.signal);
    return true;
  } catch {
    // A refusal is an answer; what the request comes to tells the rest.
    return !over.signal.aborted;
  } finally {
    clearTimeout(timer);
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
