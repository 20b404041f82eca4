import { hostname } from "node:os";
import { hostNamesOf } from "../clients/upstream-names.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { Subjects } from "../tls/automatic-certificate.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";
import { interfaceAddresses } from "../lib/net/machine-addresses.ts";

/** The names that a configuration gives a larder: the hosts it stands in for, and its own names and IP addresses. */
export type ServerNames = {
  readonly standIns: readonly Namespace[];
  readonly names: readonly string[];
  readonly addresses: readonly string[];
};

/**
 * The names and IP addresses that larder's certificate is for: the hosts that it stands in for, its configured names, this
 * machine's name and its present addresses. IPv6 link-local ones are left out: clients cannot verify them.
 */
export function certificateSubjects({ standIns, names, addresses }: ServerNames): Subjects {
  const machineName = hostname();
  return {
    names: [
      "localhost",
      // What an administrator may call a machine, a certificate may not.
      ...(/^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(machineName) ? [machineName] : []),
      ...names.map(hostWithoutPort),
      ...standIns.flatMap(hostNamesOf),
    ],
    addresses: [
      ...addresses,
      ...interfaceAddresses()
        .map(({ address }) => address)
        .filter((address) => !/^fe[89ab]/.test(address)),
    ],
  };
}
