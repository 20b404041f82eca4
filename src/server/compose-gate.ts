import { everyoneWrites, ownMachineWrites } from "../access/access-control.ts";
import { type Connection, findFarEnd } from "../access/find-far-end.ts";
import { Gate } from "../access/gate.ts";
import { LarderHosts } from "../access/larder-hosts.ts";
import { MachineNames } from "../access/machine-names.ts";
import { OwnAddresses } from "../access/own-addresses.ts";
import { OwnMachine } from "../access/own-machine.ts";
import { everyoneIsAStranger } from "../access/principal.ts";
import { RunningProxies } from "../access/running-proxies.ts";
import { openSocketDiagnosis } from "../access/socket-diagnosis.ts";
import { SocketTable } from "../access/socket-table.ts";
import { hostNamesOf } from "../clients/upstream-names.ts";
import type { ListeningSocket } from "../http/clients/client-request.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import type { Turns } from "../lib/async/turns.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { Settings } from "./settings/settings.ts";

/** What decides who may write, by the settings. */
export function composeGate(
  { open, names, addresses: told, trustedProxies }: Settings,
  standIns: readonly Namespace[],
  sockets: () => readonly ListeningSocket[],
  turns: Turns,
  now: () => number,
): Gate {
  const addresses = new OwnAddresses(now);
  const toldAddresses = new Set(told.map((text) => tryParseIpAddress(text)?.toString()));
  const machineNames = new MachineNames(now, (address) => addresses.includes(address));
  const hosts = new LarderHosts({
    names,
    standIns: [...standIns, ...standIns.flatMap(hostNamesOf)],
    isMachineName: (name) => machineNames.includes(name),
    isOwnAddress: (address) => toldAddresses.has(address.toString()) || addresses.includes(address),
    ports: sockets,
  });
  const control = open ? everyoneWrites : ownMachineWrites;
  const authenticator = open
    ? everyoneIsAStranger
    : new OwnMachine({ addresses, hosts, trustedProxies, ...openProgramSearch(addresses, turns, now) });
  return new Gate({ authenticator, control, hosts, trustedProxies });
}

/** What tells whose connection it is that comes from this machine. */
function openProgramSearch(addresses: OwnAddresses, turns: Turns, now: () => number) {
  const diagnosis = openSocketDiagnosis();
  const table = new SocketTable();
  return {
    findFarEnd: (connection: Connection) => findFarEnd(connection, addresses.list(), diagnosis, table),
    proxies: new RunningProxies(now, turns),
  };
}
