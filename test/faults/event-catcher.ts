/** Somebody who is notified: keeps what it was sent, and answers as the test wants. */

/** A request that it took or refused. */
export type Caught = {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  /** The only event of an envelope of registry:2's; undefined for what is none. */
  readonly event: CaughtEvent;
};

export type CaughtEvent = {
  readonly id: string;
  readonly action: string;
  readonly target: Readonly<Record<string, unknown>> & { readonly repository: string; readonly tag?: string };
} & Readonly<Record<string, unknown>>;

export class EventCatcher {
  readonly caught: Caught[] = [];
  readonly #server: Bun.Server<undefined>;
  /** What it answers with; null: nothing, ever. */
  status: number | null = 200;

  constructor(port = 0) {
    this.#server = Bun.serve({
      port,
      hostname: "127.0.0.1",
      reusePort: false,
      idleTimeout: 255,
      fetch: async (request) => {
        const body = await request.text();
        const { status } = this;
        if (status === null) return new Promise<Response>(() => {});
        const events = (JSON.parse(body) as { events?: CaughtEvent[] }).events ?? [];
        const { pathname: path } = new URL(request.url);
        if (status < 400) this.caught.push({ path, headers: request.headers, body, event: events[0] as CaughtEvent });
        return new Response(null, { status });
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  url(path = "/"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** The events that it took on a path, in their order. */
  events(path = "/"): readonly CaughtEvent[] {
    return this.caught.filter((one) => one.path === path).map(({ event }) => event);
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }
}
