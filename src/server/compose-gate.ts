import { everyoneWrites, ownMachineWrites } from "../access/access-control.ts";
import { type Connection, findFarEnd } from "../access/find-far-end.ts";
import { Gate } from "../access/gate.ts";
import { LarderHosts } from "../access/larder-hosts.ts";
import { MachineNames } from "../access/machine-names.ts";
import { OwnMachine, unsharedAddresses } from "../access/own-machine.ts";
import { type Authenticator, everyoneIsAStranger } from "../access/principal.ts";
import { RunningProxies } from "../access/running-proxies.ts";
import { openSocketDiagnosis } from "../access/socket-diagnosis.ts";
import { SocketTable } from "../access/socket-table.ts";
import { hostNamesOf } from "../clients/upstream-names.ts";
import type { ListeningSocket } from "../http/clients/client-request.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import { MachineAddresses } from "../lib/net/machine-addresses.ts";
import type { Turns } from "../lib/async/turns.ts";
import { standInsOf } from "./open-upstreams.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/**
 * Makes the gate, which finds out who sends a request and decides what they may do, by the settings that hold at that
 * moment.
 */
export function composeGate(
  settings: CurrentSettings,
  sockets: () => readonly ListeningSocket[],
  turns: Turns,
  now: () => number,
): { readonly gate: Gate; readonly authenticator: Authenticator } {
  const addresses = new MachineAddresses(now, () => unsharedAddresses());
  const machineNames = new MachineNames(now, (address) => addresses.includes(address));
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
  // Who may write changes with a restart alone, which nobody does by the way.
  const { open } = settings.now;
  const authenticator = open
    ? everyoneIsAStranger
    : new OwnMachine({
        addresses,
        get hosts() {
          return hosts();
        },
        get trustedProxies() {
          return settings.now.trustedProxies;
        },
        ...openProgramSearch(addresses, turns, now),
      });
  const gate = new Gate({
    control: open ? everyoneWrites : ownMachineWrites,
    get hosts() {
      return hosts();
    },
    get trustedProxies() {
      return settings.now.trustedProxies;
    },
  });
  return { gate, authenticator };
}

/** What tells whose connection it is that comes from this machine. */
function openProgramSearch(addresses: MachineAddresses, turns: Turns, now: () => number) {
  const diagnosis = openSocketDiagnosis();
  const table = new SocketTable();
  return {
    findFarEnd: (connection: Connection) => findFarEnd(connection, addresses.list(), diagnosis, table),
    proxies: new RunningProxies(now, turns),
  };
}
