import { hostname } from "node:os";
import { hostNamesOf } from "../clients/upstream-names.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { Subjects } from "../tls/automatic-certificate.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";
import { interfaceAddresses } from "../lib/net/machine-addresses.ts";

/** What larder is told of itself. */
export type OwnNames = {
  readonly standIns: readonly Namespace[];
  readonly names: readonly string[];
  readonly addresses: readonly string[];
};

/**
 * Everything that clients may call larder by, for its certificate: the hosts that it stands in for, the names that it
 * was given, this machine's name and its addresses now. IPv6 link-local ones stay out: clients cannot verify them.
 */
export function ownSubjects({ standIns, names, addresses }: OwnNames): Subjects {
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
