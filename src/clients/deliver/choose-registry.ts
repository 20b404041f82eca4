/** Which of a server's addresses, and which mode, a target's files are written for when nothing was said. */
import type { ClientMode } from "../client-settings.ts";
import { ClientSettingsError } from "../client-settings-error.ts";
import type { ServerSettings } from "../fetch-server-settings.ts";
import { hasDefaultPort, parseRegistryAddress } from "../registry-address.ts";
import type { ClientTarget } from "../targets/targets.ts";

/** The mode of the scheme that the server was reached by, where the target can do that; else the target's most usual. */
export function defaultMode(target: ClientTarget, origin: string): ClientMode {
  const scheme = origin.startsWith("https:") ? "https" : "http";
  return target.modes.includes(scheme) ? scheme : (target.modes[0] ?? scheme);
}

/**
 * The address that serves the mode: the one that was asked, else another that the server says it has. Throws
 * ClientSettingsError when none does.
 */
export function chooseRegistry(mode: ClientMode, origin: string, said: ServerSettings, hasCa: boolean): string {
  const known = [origin, ...(hasCa ? [...said.https, ...said.http] : [...said.http, ...said.https])];
  const fits = (url: string) =>
    mode === "spoof" ? hasDefaultPort(parseRegistryAddress(url)) : url.startsWith(`${mode}:`);
  const secureFirst =
    mode === "spoof" && hasCa
      ? known.toSorted((a, b) => Number(b.startsWith("https:")) - Number(a.startsWith("https:")))
      : known;
  const found = secureFirst.find(fits);
  if (found !== undefined || mode === "spoof") return found ?? origin;
  throw new ClientSettingsError(
    `mode ${mode} needs an ${mode} address, and none is known for ${origin}: give --registry ${mode}://HOST:PORT, or use another --mode`,
  );
}
