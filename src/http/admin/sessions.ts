import type { Gate } from "../../access/gate.ts";
import type { PageSessions } from "../../access/page-sessions/page-sessions.ts";
import { principalName } from "../../access/principal.ts";
import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Exchange } from "../exchange.ts";
import type { AdminAsker } from "./admin-asker.ts";

/** What the operations on sessions with the page work on. */
export type SessionListParts = { readonly gate: Gate; readonly pageSessions: PageSessions };

/** The operations on who is signed in to the page. */
export function sessionListActions({ gate, pageSessions }: SessionListParts) {
  return {
    listSessions: async (
      { whose, before, limit }: InputOf<"listSessions">,
      _: AbortSignal,
      { exchange }: AdminAsker,
    ): Promise<AnswerOf<"listSessions">> => {
      if (whose === "all") await gate.admit(exchange, "administer", null);
      const name = whose === "all" ? null : await nameOf(exchange);
      // Nobody in particular has none.
      if (whose === "mine" && name === null) return { sessions: [], next: null };
      const { sessions, next } = await pageSessions.list({ name, before: before ?? null, limit });
      const current = exchange.pageSession?.id ?? null;
      const shown = sessions.map(({ secretHash: _hash, who: _who, ...session }) => {
        return { ...session, isCurrent: session.id === current };
      });
      return { sessions: shown, next };
    },
    endSession: async (
      { session: id }: InputOf<"endSession">,
      _: AbortSignal,
      { exchange, from, requestId }: AdminAsker,
    ): Promise<AnswerOf<"endSession">> => {
      const [name, who] = [await pageSessions.ownerOf(id), await nameOf(exchange)];
      // Whoever may not learn of others' learns of none.
      if (name === null || name !== who) await gate.admit(exchange, "administer", null);
      const isEnded = name !== null && (await pageSessions.end(id, name, { who, from, requestId }, "session-ended"));
      if (isEnded) return { id, name };
      const what = `there is no session ${JSON.stringify(id)}; \`larder session ls\` lists those that there are`;
      throw new RegistryError("NAME_UNKNOWN", what);
    },
  };
}

async function nameOf(exchange: Exchange): Promise<string | null> {
  return principalName(await exchange.principal());
}
