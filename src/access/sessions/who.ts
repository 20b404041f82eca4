import { formatGrant, parseGrant } from "../grant.ts";
import type { Principal } from "../principal.ts";

/** A principal as a token has it. Strangers and this machine are nobody: where a request comes from is seen when it comes. */
export type WhoText =
  | { readonly kind: "nobody"; readonly upstreamKey?: string | undefined }
  | { readonly kind: "administrator" }
  | { readonly kind: "certificate"; readonly name: string }
  | { readonly kind: "user" | "token"; readonly name: string; readonly grants: readonly string[] | null }
  | Extract<Principal, { readonly kind: "workload" }>;

/** Spells a principal. */
export function formatWho(principal: Principal): WhoText {
  switch (principal.kind) {
    case "stranger":
    case "own-machine":
      return { kind: "nobody", upstreamKey: principal.upstreamKey };
    case "user":
    case "token":
      return { kind: principal.kind, name: principal.name, grants: principal.grants?.map(formatGrant) ?? null };
    case "workload": {
      const { scope: _, ...workload } = principal;
      return workload;
    }
    case "certificate":
      return { kind: "certificate", name: principal.name };
    case "administrator":
      return { kind: "administrator" };
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
      return { kind: "user", name: who.name, grants: who.grants?.map(parseGrant) ?? null };
    case "token":
      return { kind: "token", name: who.name, grants: who.grants?.map(parseGrant) ?? [] };
    default:
      return who;
  }
}
