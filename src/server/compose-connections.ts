import { findFarEnd, type Connection } from "../access/find-far-end.ts";
import { LarderHosts } from "../access/larder-hosts.ts";
import { MachineNames } from "../access/machine-names.ts";
import { OwnMachine, unsharedAddresses } from "../access/own-machine.ts";
import { RunningProxies } from "../access/running-proxies.ts";
import { openSocketDiagnosis } from "../access/socket-diagnosis.ts";
import { SocketTable } from "../access/socket-table.ts";
import { hostNamesOf } from "../clients/upstream-names.ts";
import type { ListeningSocket } from "../http/clients/client-request.ts";
import type { Turns } from "../lib/async/turns.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import { MachineAddresses } from "../lib/net/machine-addresses.ts";
import { standInsOf } from "./open-upstreams.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** Makes what tells by a connection whose it is: this machine's, or a stranger's; and which hosts are larder's own. */
export function composeConnections(
  settings: CurrentSettings,
  sockets: () => readonly ListeningSocket[],
  turns: Turns,
  elapsed: () => number,
): { readonly hosts: () => LarderHosts; readonly ownMachine: OwnMachine } {
  const addresses = new MachineAddresses(elapsed, () => unsharedAddresses());
  const machineNames = new MachineNames(elapsed, (address) => addresses.includes(address));
  const hosts = settings.derive((told) => {
    const toldAddresses = new Set(told.addresses.map((text) => tryParseIpAddress(text)?.toString()));
    const standIns = standInsOf(told);
    return new LarderHosts({
      names: told.names,
      standIns: [...standIns, ...standIns.flatMap(hostNamesOf)],
      isMachineName: (name) => machineNames.includes(name),
      isOwnAddress: (address) => toldAddresses.has(address.toString()) || addresses.includes(address),
      ports: sockets,
    });
  });
  const ownMachine = new OwnMachine({
    addresses,
    get hosts() {
      return hosts();
    },
    get trustedProxies() {
      return settings.now.trustedProxies;
    },
    ...openProgramSearch(addresses, turns, elapsed),
  });
  return { hosts, ownMachine };
}

/** What tells whose connection it is that comes from this machine. */
function openProgramSearch(addresses: MachineAddresses, turns: Turns, elapsed: () => number) {
  const diagnosis = openSocketDiagnosis();
  const table = new SocketTable();
  return {
    findFarEnd: (connection: Connection) => findFarEnd(connection, addresses.list(), diagnosis, table),
    proxies: new RunningProxies(elapsed, turns),
  };
}
