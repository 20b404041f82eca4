import type { AccessControl } from "../../access/access-control.ts";
import { ACTIONS, type Action } from "../../access/action.ts";
import type { Authenticators } from "../../access/authenticators.ts";
import type { Gate } from "../../access/gate.ts";
import type { Principal } from "../../access/principal.ts";
import { principalName } from "../../access/principal.ts";
import type { RuleControl } from "../../access/rules/rule-control.ts";
import { Unauthorized } from "../../access/unauthorized.ts";
import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Exchange } from "../exchange.ts";
import type { AdminAsker } from "./admin-asker.ts";
import type { PageVisits } from "./page-visits.ts";

/** What tells who asks, and signs them in and out. */
export type SessionParts = {
  readonly control: AccessControl;
  /** The rules that count once people were set up. */
  readonly rules: () => RuleControl;
  readonly authenticators: Authenticators;
  readonly gate: Gate;
  readonly visits: PageVisits;
};

type Session = AnswerOf<"getSession">;
type Extent = Session["may"]["pull"];

/** The operations of who asks. */
export function sessionActions(parts: SessionParts) {
  return {
    getSession: async (_: object, _signal: AbortSignal, { exchange }: AdminAsker): Promise<Session> => {
      return describe(parts, exchange);
    },
    signIn: async (input: InputOf<"signIn">, _: AbortSignal, { exchange }: AdminAsker): Promise<Session> => {
      // Nobody else's page makes this browser somebody's.
      parts.gate.refuseUnsurePages(exchange);
      await parts.visits.begin(exchange, () => identify(parts, input, exchange));
      return describe(parts, exchange);
    },
    signOut: async (_: object, _signal: AbortSignal, { exchange }: AdminAsker) => {
      return { signedOut: await parts.visits.end(exchange) };
    },
  };
}

/**
 * Who that is. A token comes in a password's place, so that guessing it is slowed down as well. Throws Unauthorized, in the same
 * words and time whether there is such a user or not; BAD_REQUEST.
 */
async function identify(
  { authenticators, control }: SessionParts,
  { name, password, token }: InputOf<"signIn">,
  exchange: Exchange,
): Promise<Principal> {
  const isToken = token !== undefined && name === undefined && password === undefined;
  const isPair = token === undefined && name !== undefined && password !== undefined;
  if (!isToken && !isPair) throw new RegistryError("BAD_REQUEST", "it takes a name and a password, or a token alone");
  const shown = isToken ? { username: "", password: token } : { username: name ?? "", password: password ?? "" };
  try {
    // What is somebody's at an upstream registry alone is nobody's here.
    return await authenticators.identify({ kind: "basic", ...shown }, exchange.request, exchange.arrival(), false);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== "UNAUTHORIZED") throw error;
    // Those who have a token that is over are told why. What is none may be a password in the wrong field, and is not told of.
    if (control.knowsPeople) throw isToken && !error.message.includes("token") ? unknownToken() : error;
    throw new Unauthorized(
      "nobody is set up on this larder yet: `sudo larder user add NAME --allow '*:**'`, on its machine, adds who may do everything",
    );
  }
}

function unknownToken(): Unauthorized {
  return new Unauthorized("the token is none that larder knows");
}

/** Who asks, and what they may. */
async function describe(parts: SessionParts, exchange: Exchange): Promise<Session> {
  const { control } = parts;
  const { principal, problem } = await askWho(exchange);
  const { kind } = principal;
  const may: Record<Action, Extent> = { pull: "none", push: "none", delete: "none", administer: "none" };
  const whyNot: Record<Action, string | null> = { pull: null, push: null, delete: null, administer: null };
  for (const action of ACTIONS) {
    may[action] = await extentOf(parts, principal, action);
    const decision = may[action] === "none" ? await control.decide(principal, action, null) : null;
    if (decision?.isAllowed === false) whyNot[action] = decision.why;
  }
  return {
    principal: principalName(principal),
    kind: kind === "stranger" ? "nobody" : kind,
    isSetUp: control.knowsPeople,
    via: viaOf(exchange, principal),
    may,
    whyNot,
    session: exchange.pageSession?.id ?? null,
    expiresAtMs: exchange.pageSession?.expiresAtMs ?? null,
    hasEnded: exchange.hadSession,
    problem,
  };
}

async function askWho(exchange: Exchange): Promise<{ readonly principal: Principal; readonly problem: string | null }> {
  try {
    return { principal: await exchange.principal(), problem: null };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { principal: { kind: "stranger", trait: "came with credentials of nobody's" }, problem: error.message };
  }
}

async function extentOf({ control, rules }: SessionParts, principal: Principal, action: Action): Promise<Extent> {
  if (action === "pull" && control.everyonePullsAll) return "all";
  const isAllowed = control.allowsEveryone(action, null) || (await control.decide(principal, action, null)).isAllowed;
  if (action === "pull") return !isAllowed ? "none" : control.viewOf(principal) === null ? "all" : "some";
  if (isAllowed) return "all";
  return action !== "administer" && control.knowsPeople && rules().allowsAnything(principal, action) ? "some" : "none";
}

function viaOf({ pageSession, request }: Exchange, { kind }: Principal): Session["via"] {
  if (pageSession !== null) return "session";
  if (kind === "own-machine") return "machine";
  if (kind === "certificate") return "certificate";
  return kind !== "stranger" && request.headers.has("authorization") ? "header" : "nothing";
}
