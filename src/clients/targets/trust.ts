import { ClientSettingsError } from "../client-settings-error.ts";
import type { ClientSettings } from "../client-settings.ts";
import { type NodeConfig, trustAnchor } from "../node-config.ts";

/** `larder client trust`: the CA in the system's trust store; with it no client needs an "insecure" setting. */
export function writeTrust(settings: ClientSettings): NodeConfig {
  if (settings.ca === null) {
    throw new ClientSettingsError("there is no CA to trust: give --ca FILE, and an https address of the registry");
  }
  return {
    files: [trustAnchor(settings.ca)],
    conditions: [],
    notes: ["Programs that are running read the trust store again when they are restarted."],
  };
}
