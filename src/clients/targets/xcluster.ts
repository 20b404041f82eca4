/**
 * The overlay `private-reg` of xcluster, as a tar for `xc mkcdrom`: nodes find the upstream names, and example.com, at
 * the registry. The nodes reach it through the machine that they run on, which is 192.168.0.250 for them, or
 * $PREFIX:192.168.0.250 over IPv6.
 */
import type { ClientSettings } from "../client-settings.ts";
import { ClientSettingsError } from "../client-settings-error.ts";
import { registriesConf } from "./containers.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { tomlString } from "../quote.ts";
import { hostsLines, spoofedStandIns, spoofingNotes } from "../upstream-names.ts";
import { whyHomeward } from "./why-homeward.ts";

/** The name that xcluster's other overlays know the private registry by. */
const REGISTRY_NAME = "example.com";

const START = `#! /bin/sh
# The names of the registries that the private registry stands in for, and the way to it.
test -r /etc/profile && . /etc/profile

grep -q '^# private-reg$' /etc/hosts 2>/dev/null || {
	echo '# private-reg'
	cat /etc/spoofed-hosts
} >> /etc/hosts

for address in $(grep -v '^#' /etc/spoofed-hosts | cut -d' ' -f1 | sort -u); do
	case $address in
	*:*) ip -6 route replace $address via \${PREFIX:-fd00:}:192.168.0.250 || true ;;
	*) ip route replace $address via 192.168.0.250 || true ;;
	esac
done
`;

/** `larder client xcluster`. Throws ClientSettingsError when the VMs would look for larder on themselves. */
export function writeXcluster(settings: ClientSettings): NodeConfig {
  const homeward = whyHomeward(settings);
  if (homeward !== null) throw new ClientSettingsError(homeward);
  const { ca } = settings;
  const example = settings.addresses.map((address) => `${address} ${REGISTRY_NAME}\n`).join("");
  const ownTable =
    settings.registry.scheme === "http"
      ? `\n[[registry]]\nlocation = ${tomlString(REGISTRY_NAME)}\ninsecure = true\n`
      : "";
  return {
    files: [
      ownFile("etc/spoofed-hosts", `${hostsLines(settings)}${example}`),
      ownFile("etc/containers/registries.conf", `${registriesConf(settings)}${ownTable}`),
      { ...ownFile("etc/init.d/28private-reg.rc", START), mode: 0o755 },
      ...(ca === null
        ? []
        : spoofedStandIns(settings).map((host) => ownFile(`etc/containers/certs.d/${host}/ca.crt`, ca))),
    ],
    conditions: [],
    notes: [
      'In the overlay\'s folder, as the script named tar: exec larder client xcluster "$1"; then XOVLS=private-reg.',
      ...spoofingNotes(settings),
    ],
  };
}
