import { whyNotValid } from "../../upstream/transport/client-certificate.ts";
import type { Upstream } from "./upstreams.ts";

/** What is unsafe, or about to fail, in the way to a registry at this time, a sentence each. */
export function cautionsOf(
  { namespace, isUnverified, clientCertificate }: Pick<Upstream, "namespace" | "isUnverified" | "clientCertificate">,
  nowMs: number,
): readonly string[] {
  const open = isUnverified
    ? `the certificate of ${namespace} is NOT VERIFIED (upstreams.${namespace}.skipVerify): whoever is on the way to it can read larder's password for it and hand out any image; give its authority as upstreams.${namespace}.ca instead`
    : null;
  const stale = clientCertificate === null ? null : whyNotValid(clientCertificate, nowMs);
  return [open, stale].filter((caution) => caution !== null);
}
