import type { Gate } from "../../access/gate.ts";
import { principalName } from "../../access/principal.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { Exchange } from "../exchange.ts";

/** What whoever asks may see at this moment. */
export type Standing = {
  /** Undefined: everything. */
  readonly mayPull: MayPull;
  /** May they administer? Then they are told who did what, and from where. */
  readonly isAdministrator: boolean;
};

/** Who watches something that goes on for minutes. */
export type Watcher = {
  /** The client's address, as trusted proxies tell it; empty: it is gone. */
  readonly client: string;
  /** The `Last-Event-ID` of who comes back; null without one. */
  readonly lastEventId: string | null;
  /** The session with the page that they have; null: none. */
  readonly sessionId: () => string | null;
  /**
   * What they may see now, found out anew each time. Throws what a request is refused with: they may see nothing (any more), or
   * are not who they were.
   */
  look(): Promise<Standing>;
};

/** Whoever sent a request, as a watcher. To be made before anything is waited for. `clientOf` tells a client's address. */
export function watcherOf(exchange: Exchange, gate: Gate, clientOf: (exchange: Exchange) => string): Watcher {
  const anew = exchange.anew();
  let first: string | null = null;
  return {
    client: clientOf(exchange),
    sessionId: () => exchange.pageSession?.id ?? null,
    lastEventId: exchange.request.headers.get("last-event-id"),
    look: async () => {
      const applicant = anew();
      await gate.admit(applicant, "pull", null);
      const principal = await applicant.principal();
      const who = `${principal.kind} ${principalName(principal) ?? ""}`;
      first ??= who;
      if (who !== first) throw new RegistryError("UNAUTHORIZED", "whoever began this has signed out since");
      return { mayPull: gate.viewOf(applicant), isAdministrator: await gate.allows(applicant, "administer", null) };
    },
  };
}
