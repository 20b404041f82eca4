import type { RegistryServer } from "./registry-server.ts";
import { isUpstreamDown } from "./transport/upstream-error.ts";

/** The servers of a registry, and for how long one that failed is passed over. */
export type ServerPoolOptions = {
  /** In the order of preference. */
  readonly mirrors: readonly RegistryServer[];
  readonly registry: RegistryServer;
  readonly penaltyMs: number;
  /** Milliseconds, by a clock that nobody sets. */
  readonly elapsed: () => number;
};

/**
 * The servers of one registry and the order to ask them in. One that was down, or broke off a body, is asked last for
 * a while, so that a dead mirror costs its deadline once and not with each request.
 *
 * Only the registry itself can say that something does not exist; a mirror without it leaves the question open.
 */
export class ServerPool {
  readonly #options: ServerPoolOptions;
  readonly #failedAtMs = new Map<RegistryServer, number>();

  constructor(options: ServerPoolOptions) {
    this.#options = options;
  }

  get registry(): RegistryServer {
    return this.#options.registry;
  }

  /** Asks the mirrors, then the registry. Null when it is not there; throws the registry's failure when nobody has it. */
  readContent<T>(ask: (server: RegistryServer) => Promise<T | null>, signal?: AbortSignal): Promise<T | null> {
    return this.#askInTurn([...this.#options.mirrors, this.registry], ask, signal);
  }

  /** Asks the registry, and the mirrors only when it fails. */
  readList<T>(ask: (server: RegistryServer) => Promise<T | null>, signal?: AbortSignal): Promise<T | null> {
    return this.#askInTurn([this.registry, ...this.#options.mirrors], ask, signal);
  }

  /** Remembers a failure that says that a server is down; others are forgotten. */
  noteFailure(server: RegistryServer, error: unknown): void {
    if (isUpstreamDown(error)) this.#failedAtMs.set(server, this.#options.elapsed());
  }

  async #askInTurn<T>(
    servers: readonly RegistryServer[],
    ask: (server: RegistryServer) => Promise<T | null>,
    signal: AbortSignal | undefined,
  ): Promise<T | null> {
    let registrysFailure: unknown = null;
    for (const server of this.#healthyFirst(servers)) {
      try {
        const found = await ask(server);
        if (found !== null || server === this.registry) return found;
      } catch (error) {
        signal?.throwIfAborted();
        this.noteFailure(server, error);
        if (server === this.registry) registrysFailure = error;
      }
    }
    throw registrysFailure;
  }

  #healthyFirst(servers: readonly RegistryServer[]): readonly RegistryServer[] {
    const { elapsed, penaltyMs } = this.#options;
    const isHealthy = (server: RegistryServer): boolean =>
      elapsed() - (this.#failedAtMs.get(server) ?? Number.NEGATIVE_INFINITY) >= penaltyMs;
    return [...servers.filter(isHealthy), ...servers.filter((server) => !isHealthy(server))];
  }
}
