import { describeFailure } from "../lib/failures/describe-failure.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { readStart } from "../lib/text/read-start.ts";

/**
 * What is at an address.
 *
 * - `larder`, or `registry`: another registry, whatever it says to somebody who has not logged in
 * - `other`: something that is no registry; `words` say what it seems to be
 * - `broken`: something that answers with a failure of its own (5xx), whatever it is
 * - `nobody`: `words` say why, in a sentence of their own
 */
export type Answerer =
  | { readonly who: "larder" | "registry" }
  | { readonly who: "other" | "broken" | "nobody"; readonly words: string };

/** How to ask: authorities trusted besides the public ones, or `unverified`; the time for each of two questions. */
export type Asking = { readonly ca: readonly string[] | "unverified" | null; readonly limitMs: number };

/** A registry's answer to these questions is far shorter. */
const LIMIT_BYTES = 16 * 1024;

/** Finds out what answers at `origin`. Throws nothing but the signal's reason. */
export async function whoAnswers(origin: string, asking: Asking, signal: AbortSignal): Promise<Answerer> {
  const version = await ask(`${origin}/api/v1/version`, asking, signal);
  if (typeof version === "string") return { who: "nobody", words: version };
  if (version.status === 200 && nameIn(version.text) === "larder") return { who: "larder" };
  const base = await ask(`${origin}/v2/`, asking, signal);
  if (typeof base === "string") return { who: "nobody", words: base };
  if (isRegistry(base)) return { who: "registry" };
  if (base.status >= 500) return { who: "broken", words: `it answers ${base.status}` };
  return { who: "other", words: describeStranger(base) };
}

type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };

/** The answer, or why there is none. */
async function ask(url: string, { ca, limitMs }: Asking, signal: AbortSignal): Promise<Answer | string> {
  const tls = ca === "unverified" ? { rejectUnauthorized: false } : ca === null ? {} : { ca: [...ca] };
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
      redirect: "manual",
      decompress: false,
      tls,
      // Bun goes through the environment's proxy unless it is told not to.
      proxy: false as unknown as string,
    });
    const text = await readStart(response.body, LIMIT_BYTES);
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    signal.throwIfAborted();
    return describeFailure(error);
  }
}

function nameIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { name?: unknown } | null)?.name;
  } catch {
    return null; // Not JSON: whatever it is, it is no larder.
  }
}

/** Distribution-spec v1.1.1, "Determining Support": 200, or 401 with a challenge. Older clients know one by its header. */
function isRegistry({ status, headers, text }: Answer): boolean {
  if (headers.has("docker-distribution-api-version")) return true;
  if (status === 401) return headers.has("www-authenticate");
  const isPage = headers.get("content-type")?.startsWith("text/html") === true || text.trimStart().startsWith("<");
  return status === 200 && !isPage;
}

function describeStranger({ status, headers }: Answer): string {
  const server = headers.get("server") ?? "";
  if (/^AirTunes/i.test(server)) {
    return "AirPlay of macOS has that port (System Settings, General, AirDrop & Handoff, AirPlay Receiver turns it off)";
  }
  const says = server === "" ? "" : `, and calls itself ${quoteBriefly(server)}`;
  return `what answers there is no registry (${status} for /v2/${says})`;
}
