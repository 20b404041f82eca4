import { formatGrant, parseGrant } from "../grant.ts";
import type { Principal } from "../principal.ts";

/**
 * A principal as a token has it. Strangers, this machine and certificates are nobody: where a request comes from, and what its
 * connection shows, is seen when it comes, so that a certificate that was revoked ends its sessions, too.
 */
export type WhoText =
  | { readonly kind: "nobody"; readonly upstreamKey?: string | undefined }
  | { readonly kind: "administrator"; readonly generation?: string | undefined }
  | {
      readonly kind: "user" | "token";
      readonly name: string;
      readonly grants: readonly string[] | null;
      readonly generation?: string | undefined;
    }
  | Extract<Principal, { readonly kind: "workload" }>;

/** Spells a principal. */
export function formatWho(principal: Principal): WhoText {
  switch (principal.kind) {
    case "stranger":
    case "own-machine":
    case "certificate":
      return { kind: "nobody", upstreamKey: principal.upstreamKey };
    case "user":
    case "token":
      return {
        kind: principal.kind,
        name: principal.name,
        grants: principal.grants?.map(formatGrant) ?? null,
        generation: principal.generation,
      };
    case "workload": {
      const { scope: _, ...workload } = principal;
      return workload;
    }
    case "administrator":
      return { kind: "administrator", generation: principal.generation };
    default:
      return principal satisfies never;
  }
}

/** The principal that a token spells. */
export function parseWho(who: WhoText): Principal {
  switch (who.kind) {
    case "nobody":
      return {
        kind: "stranger",
        trait: "came with a token of nobody's",
        ...(who.upstreamKey === undefined ? {} : { upstreamKey: who.upstreamKey }),
      };
    case "user":
      return { kind: "user", name: who.name, grants: who.grants?.map(parseGrant) ?? null, ...generationOf(who) };
    case "token":
      return { kind: "token", name: who.name, grants: who.grants?.map(parseGrant) ?? [], ...generationOf(who) };
    case "administrator":
      return { kind: "administrator", ...generationOf(who) };
    default:
      return who;
  }
}

function generationOf({ generation }: { readonly generation?: string | undefined }): { readonly generation?: string } {
  return generation === undefined ? {} : { generation };
}
