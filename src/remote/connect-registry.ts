import { systemClock } from "../lib/async/clock.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { VERSION } from "../telemetry/version.ts";
import { ANONYMOUS, type CredentialSource } from "../upstream/auth/credentials.ts";
import { systemResolver } from "../upstream/transport/host-resolver.ts";
import { newInstanceId } from "../upstream/loop-mark.ts";
import { openRegistry } from "../upstream/open-registry.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import { UpstreamError } from "../upstream/transport/upstream-error.ts";

/** How to reach a registry: its origins and credentials. */
export type RegistryTarget = {
  readonly namespace: Namespace;
  /** Where it may answer, best first: see `RegistryAddress`. */
  readonly origins: readonly [string, ...string[]];
  readonly credentials: CredentialSource;
  /** Certificate authorities trusted besides the public ones, in PEM; null: none. */
  readonly caPem: string | null;
  /** Is any certificate taken? */
  readonly isUnverified?: boolean;
};

const USER_AGENT = `larder/${VERSION}`;

/** A client of the registry, at the first of its origins that answers as one. Throws as `settleOrigin` does. */
export async function connectRegistry(target: RegistryTarget, signal: AbortSignal): Promise<RegistryClient> {
  const settled = await settleOrigin(target, signal);
  return clientOf(settled, settled.origins[0], settled.credentials, {});
}

/**
 * The target with nothing but the first of its origins that answers as a registry. When none does, throws what the first
 * one failed with. An only origin is not asked.
 *
 * Plain HTTP that is only the second choice gets no credentials, and does not stand in for a server whose certificate is
 * not accepted: whoever is on the way could bring both about.
 */
export async function settleOrigin(target: RegistryTarget, signal: AbortSignal): Promise<RegistryTarget> {
  const [first, ...others] = target.origins;
  if (others.length === 0) return target;
  let failure: unknown = null;
  for (const origin of target.origins) {
    const isDowngrade = first.startsWith("https:") && origin.startsWith("http:");
    const credentials = isDowngrade ? ANONYMOUS : target.credentials;
    const settled: RegistryTarget = { ...target, origins: [origin], credentials };
    try {
      await clientOf(target, origin, credentials, { retries: 0 }).ping({ signal });
      return settled;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UpstreamError)) throw error;
      if (answersAsRegistry(error)) return settled;
      failure ??= error;
      if (isBadCertificate(error, origin)) break;
    }
  }
  throw failure;
}

function clientOf(
  { namespace, caPem, isUnverified = false }: RegistryTarget,
  origin: string,
  credentials: CredentialSource,
  limits: { readonly retries?: number },
): RegistryClient {
  return openRegistry({
    namespace,
    endpoint: { url: origin, isUnverified, ...(caPem === null ? {} : { caPem }) },
    credentials,
    resolver: systemResolver(systemClock.elapsed),
    instanceId: newInstanceId(),
    userAgent: USER_AGENT,
    limits,
    clock: systemClock,
  });
}

/** Did a registry say no, rather than something else than a registry, or nothing at all, answer? */
function answersAsRegistry({ failure }: UpstreamError): boolean {
  return failure.kind === "unauthorized" || failure.kind === "rate-limited" || failure.kind === "server-error";
}

/** With a port in the origin the same port is asked next: what does not speak TLS there has no certificate to refuse. */
function isBadCertificate({ failure }: UpstreamError, origin: string): boolean {
  return failure.kind === "unreachable" && failure.reason === "tls" && new URL(origin).port === "";
}
