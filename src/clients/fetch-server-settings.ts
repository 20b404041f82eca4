/** What a larder says of itself to those who set up its clients: `GET /client/settings.json`. */
import * as v from "valibot";
import { ClientSettingsError } from "./client-settings-error.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

const PATH = "/client/settings.json";
const TIMEOUT_MS = 3_000;
const LIMIT_BYTES = 1024 * 1024;

const strings = v.pipe(v.array(v.pipe(v.string(), v.maxLength(512))), v.maxLength(1_000));
const serverSettings = v.object({
  /** The hosts that it stands in for. */
  standIns: strings,
  /** PEM of its own certificate authority, or null. */
  ca: v.nullable(v.string()),
  /** The addresses that it serves plain HTTP at, and HTTPS, as `http://HOST:PORT`; best first. */
  http: strings,
  https: strings,
  /** Its IP addresses, for spoofing. */
  addresses: strings,
});

/** What a larder says of itself at `/client/settings.json`. */
export type ServerSettings = v.InferOutput<typeof serverSettings>;

/**
 * Asks the registry at `origin`. Null when nobody answers within three seconds, or when what answers is no larder (404,
 * say). Throws ClientSettingsError when the answer is a larder's, but not to be understood.
 *
 * Over HTTPS the certificate is not verified unless `ca` is given: what is fetched here is what verification needs. A
 * person compares the fingerprint, or gives --ca.
 */
export async function fetchServerSettings(
  origin: string,
  ca: string | null,
  signal: AbortSignal,
): Promise<ServerSettings | null> {
  const response = await ask(`${origin}${PATH}`, ca, signal);
  if (response === null) return null;
  try {
    return v.parse(serverSettings, JSON.parse(response));
  } catch (cause) {
    const reason = describeFailure(cause);
    throw new ClientSettingsError(
      `${origin}${PATH} gave no settings that this larder understands (${reason}): give --stand-in and --ca, and --no-ask`,
      { cause },
    );
  }
}

async function ask(url: string, ca: string | null, signal: AbortSignal): Promise<string | null> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const tls = ca === null ? { rejectUnauthorized: false } : { ca };
  try {
    const response = await fetch(url, { signal: limit, redirect: "error", tls });
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
    if (!response.ok || !isJson || response.body === null) return null;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > LIMIT_BYTES) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch {
    signal.throwIfAborted();
    // Nobody there, or too slow: the person is told, and may go on without.
    return null;
  }
}
