import type { InputOf } from "../../admin/contract.ts";
import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ClientGuideParts } from "../clients/client-pages-options.ts";
import type { ServerView } from "../clients/client-request.ts";
import type { Exchange } from "../exchange.ts";
import type { AdminAsker } from "./admin-asker.ts";

/** The operations of how nodes come to pull from here. What writes their files is loaded when somebody first asks. */
export function clientActions(parts: ClientGuideParts) {
  return {
    listTargets: async (_: object, _signal: AbortSignal, { exchange }: AdminAsker) =>
      seen(exchange, parts, async (view) => (await guide()).targetsOf(view)),
    getTargetFiles: async (input: InputOf<"getTargetFiles">, _: AbortSignal, { exchange }: AdminAsker) =>
      seen(exchange, parts, async (view) => (await guide()).filesOf(input.target, searchOf(input), view)),
    getAuthority: async (_: object, _signal: AbortSignal, { exchange }: AdminAsker) =>
      seen(exchange, parts, async (view) => (await guide()).authorityOf(view)),
    listPrograms: async (_: object, _signal: AbortSignal, { exchange }: AdminAsker) =>
      seen(exchange, parts, async (view) => (await guide()).programsOf(parts.programs, view)),
  };
}

const guide = () => import("../clients/client-guide.ts");

async function seen<Answer>(
  exchange: Exchange,
  parts: ClientGuideParts,
  answer: (view: ServerView) => Promise<Answer>,
): Promise<Answer> {
  const { viewFor } = await import("../clients/view-for.ts");
  try {
    return await answer(await viewFor(exchange, exchange.remote(), parts));
  } catch (error) {
    if (!(error instanceof ClientSettingsError)) throw error;
    throw new RegistryError("BAD_REQUEST", error.message, { cause: error });
  }
}

/** The query as `/client/TARGET` takes it. */
function searchOf({ mode, standIns, all, fallback }: InputOf<"getTargetFiles">): string {
  const search = new URLSearchParams();
  if (mode !== undefined) search.set("mode", mode);
  for (const host of (standIns ?? "").split(",").map((one) => one.trim()))
    if (host !== "") search.append("stand-in", host);
  if (all !== undefined) search.set("all", all);
  if (fallback !== undefined) search.set("fallback", fallback);
  return search.toString();
}
