import type { ClientSettings } from "../client-settings.ts";
import { isLoopbackHost, urlOf } from "../registry-address.ts";

/** Why each machine would look for larder on itself, and what to do; null: it would not. */
export function whyHomeward({ mode, registry, addresses }: ClientSettings): string | null {
  if (mode !== "spoof") {
    if (!isLoopbackHost(registry.host)) return null;
    return `${urlOf(registry)} is each machine itself: give --registry an address that the nodes can reach`;
  }
  if (!addresses.every(isLoopbackHost)) return null;
  return `${addresses.join(", ")} is each machine itself: give --address an address of larder's that the nodes can reach`;
}
