/** Who answers at an address, and does this machine trust its certificate? */
import { getCACertificates } from "node:tls";
import { describeFailure, isCertificateCode } from "../lib/failures/describe-failure.ts";
import { codeOf } from "../lib/files/system-error.ts";
import { readStart } from "../lib/text/read-start.ts";

/** `other` answers HTTP, and is no registry. */
export type Answerer = "larder" | "registry" | "other" | "nobody";

/** What a look at an address found. */
export type Probe = {
  readonly origin: string;
  readonly who: Answerer;
  /** Why its certificate was refused; null when it was accepted, or there is none. */
  readonly refusal: string | null;
  /** Why nobody answers; null when somebody does. */
  readonly silence: string | null;
};

/** How to look: PEM authorities that are trusted besides the system's, and whether certificates matter at all. */
export type Trust = { readonly caPem: string | null; readonly verifies: boolean };

/** Asks one origin. Replaced in tests of those who judge. */
export type ProbeOrigin = (origin: string, trust: Trust) => Promise<Probe>;

const LIMIT_MS = 4_000;
/** A larder's answer, or a registry's to `/v2/`, is far shorter. */
const LIMIT_BYTES = 64 * 1024;

/** A prober that asks for real. `signal` ends it early, with the signal's reason. */
export function networkProber(signal: AbortSignal): ProbeOrigin {
  return async (origin, trust) => {
    const authorities = [...getCACertificates("system"), ...(trust.caPem === null ? [] : [trust.caPem])];
    const strict = authorities.length === 0 ? {} : { ca: authorities };
    const lax = { rejectUnauthorized: false };
    let refusal: string | null = null;
    if (origin.startsWith("https:") && trust.verifies) {
      const reached = await reach(`${origin}/v2/`, strict, signal);
      if ("failure" in reached && !isOfCertificates(reached.failure)) return silent(origin, reached.failure);
      if ("failure" in reached) refusal = describeFailure(reached.failure);
    }
    const version = await reach(`${origin}/api/v1/version`, lax, signal);
    if ("failure" in version) return silent(origin, version.failure);
    if (isLarder(version.text)) return { origin, who: "larder", refusal, silence: null };
    const base = await reach(`${origin}/v2/`, lax, signal);
    const isRegistry = "status" in base && (base.status === 200 || base.status === 401);
    return { origin, who: isRegistry ? "registry" : "other", refusal, silence: null };
  };
}

type Reached = { readonly status: number; readonly text: string } | { readonly failure: Error };

async function reach(
  url: string,
  tls: Bun.TLSOptions & { rejectUnauthorized?: boolean },
  signal: AbortSignal,
): Promise<Reached> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      redirect: "manual",
      tls,
      // Bun goes through the environment's proxy unless it is told not to.
      proxy: false as unknown as string,
    });
    const text = await readStart(response.body, LIMIT_BYTES);
    return { status: response.status, text };
  } catch (error) {
    signal.throwIfAborted();
    return { failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** A server that is there, and whose certificate is not to this machine's liking. */
function isOfCertificates(error: Error): boolean {
  return isCertificateCode(codeOf(error));
}

function silent(origin: string, failure: Error): Probe {
  const isLate = failure.name === "TimeoutError";
  return {
    origin,
    who: "nobody",
    refusal: null,
    silence: isLate ? `no answer within ${LIMIT_MS / 1000} s` : describeFailure(failure),
  };
}

function isLarder(text: string): boolean {
  try {
    return (JSON.parse(text) as { name?: unknown } | null)?.name === "larder";
  } catch {
    return false; // Not JSON: whatever it is, it is no larder.
  }
}
