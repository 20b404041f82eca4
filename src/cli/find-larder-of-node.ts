/** The larder that a node pulls from, and how it does. */
import { ADMIN_PATH, CONTRACT } from "../admin/contract.ts";
import type { Health } from "../admin/server-schemas.ts";
import { AdminClient, type Fetch } from "../admin/admin-client.ts";
import { fetchServerSettings, type ServerSettings } from "../clients/fetch-server-settings.ts";
import { examineClock, examineLarder } from "../doctor/examine-server.ts";
import { fail, type Finding, ok, placeOf, warn } from "../doctor/finding.ts";
import type { RuntimeSetup } from "../doctor/runtime-setup.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { likelyOrigins } from "../remote/find-registry.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { givenRegistryAddress } from "../remote/registry-address.ts";
import type { AskedLarder } from "./examine-sandbox-images.ts";
import { connectLarder, connectPages, type LarderPages } from "./registry-connection.ts";

/** Upstreams are given 8 seconds by the server. */
const HEALTH_LIMIT_MS = 15_000;
const MOST_GUESSES = 12;

/** Null where nobody has pulled anything yet, so that all may be meant. */
export function usedRegistries(pulled: ReadonlySet<string>, asked: readonly string[]): ReadonlySet<string> | null {
  const used = new Set([...pulled, ...asked]);
  return used.size === 0 ? null : used;
}

/** The larder that a node pulls from, as far as one was found. */
type LarderOfNode = {
  readonly said: ServerSettings | null;
  readonly larder: (AskedLarder & { readonly asked: readonly string[] }) | null;
  readonly findings: readonly Finding[];
};

/**
 * Finds the larder that a node pulls from, and examines it. Where nothing says where it is, the node's own settings may.
 * `pulled` are the registries that images on the node come from.
 */
export async function findLarderOfNode(
  registry: string | undefined,
  setups: readonly RuntimeSetup[],
  pulled: ReadonlySet<string>,
  io: CommandIo,
): Promise<LarderOfNode> {
  const given = givenRegistryAddress(registry, io.environment);
  const origins = given?.origins ?? likelyOrigins(io.environment);
  const guesses = setups.flatMap(({ routes }) => routes.flatMap((route) => route.origins));
  for (const origin of given !== null ? origins : [...new Set([...origins, ...guesses])].slice(0, MOST_GUESSES)) {
    const said = await fetchServerSettings(origin, null, io.signal);
    if (said === null) continue;
    const { client, send } = await approach(origin, io);
    const asked = await namespacesAsked(client, io.signal);
    const { health, findings } = await examineServer(origin, send, usedRegistries(pulled, asked), io.signal);
    const larder = { client, standIns: said.standIns, health, asked };
    return { said, larder, findings: [ok("larder", `answers at ${origin}`), ...findings] };
  }
  const cause = placeOf(origins[0] ?? "");
  const advice = "start it, or say where it is with --registry HOST:PORT";
  return {
    said: null,
    larder: null,
    findings: [fail("larder", `nobody answers as larder at ${origins.join(" or ")}`, advice, cause)],
  };
}

/** A doctor looks, whatever the certificate: that it is trusted is looked at elsewhere. */
const trustingFetch: Fetch = (url, init) =>
  fetch(url, { ...init, tls: { rejectUnauthorized: false }, proxy: false as unknown as string });

/** A way to ask a larder. */
type Approach = { readonly client: AdminClient; readonly send: LarderPages["send"] };

/**
 * A larder is asked as nobody, and where that is told nothing, as who this user is to it: only then its certificate has to be
 * one that is trusted, for something secret is sent.
 */
async function approach(origin: string, io: CommandIo): Promise<Approach> {
  const open = {
    client: new AdminClient(origin, trustingFetch, io.signal),
    send: (path: string, init: RequestInit) => trustingFetch(origin + path, init),
  };
  try {
    await open.client.call("getStats", {});
    return open;
  } catch (error) {
    io.signal.throwIfAborted();
    if (!(error instanceof RegistryError) || (error.code !== "UNAUTHORIZED" && error.code !== "DENIED")) return open;
  }
  try {
    const flags = { registry: origin };
    const [client, { send }] = [await connectLarder(flags, "doctor", io), await connectPages(flags, "doctor", io)];
    return { client, send };
  } catch {
    io.signal.throwIfAborted();
    return open; // What it is asked next is refused, and that is told.
  }
}

/** The registries that larder was asked for images of, as far as it counted. */
async function namespacesAsked(client: AdminClient, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { namespaces, total } = await client.call("getStats", {});
    const counts = [...namespaces, ...(total?.namespaces ?? [])];
    return counts.filter(({ hits, misses }) => hits + misses > 0).map(({ namespace }) => namespace);
  } catch {
    signal.throwIfAborted();
    return []; // Of another version, say.
  }
}

async function examineServer(
  origin: string,
  send: LarderPages["send"],
  used: ReadonlySet<string> | null,
  signal: AbortSignal,
): Promise<{ readonly health: Health | null; readonly findings: readonly Finding[] }> {
  const path = `${ADMIN_PATH}${CONTRACT.getHealth.path}`;
  try {
    const response = await send(path, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_LIMIT_MS)]),
    });
    const receivedAtMs = Date.now();
    if (response.status === 401 || response.status === 403) return { health: null, findings: [closed(origin)] };
    if (!response.ok) throw new Error(`status ${response.status}`);
    const health = (await response.json()) as Health;
    const serverTimeMs = Date.parse(response.headers.get("date") ?? "");
    const clock = Number.isNaN(serverTimeMs) ? [] : [examineClock(receivedAtMs - serverTimeMs)];
    const findings = [...clock, ...examineLarder(health, used)];
    return { health, findings };
  } catch (error) {
    signal.throwIfAborted();
    const reason = describeFailure(error);
    const message = `${origin}${path} was not answered: ${reason}`;
    return { health: null, findings: [warn("larder", message, "is it of this version?")] };
  }
}

function closed(origin: string): Finding {
  const advice = `larder login ${origin.replace(/^https?:\/\//, "")}, as somebody who may pull; or run this as root on larder's machine`;
  return warn("larder", "tells nobody but those who log in how it is, and what it has", advice);
}
