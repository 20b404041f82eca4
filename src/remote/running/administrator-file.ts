/**
 * The secret by which a larder knows its administrators on the machine that it runs on: root, and the user that it runs as. It
 * is made anew at each start, and lies beside the file that says where larder listens (`runtime-folders.ts`), where nobody
 * else may read it:
 *
 * ```
 * FOLDER/administrator-INSTANCE.json   0600; INSTANCE is what `GET /api/v1/version` tells of the process
 * ```
 *
 * Commands send it to no one but the larder that wrote it: another program of this machine may well say that it is that larder,
 * but it cannot have the sockets that the file names.
 */
import { join } from "node:path";
import * as v from "valibot";
import { interfaceAddresses } from "../../lib/net/machine-addresses.ts";
import { tryParseIpAddress } from "../../lib/net/ip-address.ts";
import { leaveRecord } from "./leave-record.ts";
import { ownIdentity, processIdentity, stateOf } from "./process-identity.ts";
import { readSecretFile } from "./runtime-files.ts";
import { foldersOfSecrets } from "./runtime-folders.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const INSTANCE = /^[0-9a-f]{16,32}$/;
const FILE_NAME = /^administrator-[0-9a-f]{16,32}\.json$/;

const text = v.pipe(v.string(), v.maxLength(4096));
const listener = v.object({
  scheme: v.picklist(["http", "https"]),
  /** Null for all addresses of the machine. */
  host: v.nullable(text),
  port: v.pipe(v.number(), v.integer()),
});
const record = v.object({
  process: processIdentity,
  secret: text,
  listeners: v.pipe(v.array(listener), v.maxLength(200)),
});

/** Where a larder listens. */
export type ListenedAt = v.InferOutput<typeof listener>;
/** A larder's secret, with the origin to send it to. */
export type AdministratorSecret = { readonly origin: string; readonly secret: string };

/**
 * Leaves the secret of this process, a larder, for commands on this machine, and takes away what larders left there that have
 * ended. The function that comes back takes it away again; null when there is no folder that can be trusted.
 */
export function leaveAdministratorSecret(
  instanceId: string,
  secret: string,
  listeners: readonly ListenedAt[],
  environment: Environment,
): (() => void) | null {
  const content = JSON.stringify({ process: ownIdentity(), secret, listeners });
  // Exclusively: what is there under that name is nobody's doing who means well.
  const left = { name: `administrator-${instanceId}.json`, content, mode: 0o600, isExclusive: true };
  return leaveRecord(
    left,
    { names: FILE_NAME, ownerOf: (path) => readRecord(path, process.getuid?.() ?? -1)?.process ?? null },
    environment,
  );
}

/**
 * The secret of the larder that calls itself so and was asked at `origin`, when that is surely this machine's and this
 * process's; null when there is none that this user may read, or when it might go to somebody else.
 */
export function findAdministratorSecret(
  instanceId: string | null,
  origin: string,
  environment: Environment,
): AdministratorSecret | null {
  if (instanceId === null || !INSTANCE.test(instanceId)) return null;
  for (const folder of foldersOfSecrets(environment)) {
    const read = readRecord(join(folder.path, `administrator-${instanceId}.json`), folder.ownerId);
    if (read === null || stateOf(read.process) !== "reachable") continue;
    const own = ownOrigin(origin, read.listeners);
    if (own !== null) return { origin: own, secret: read.secret };
  }
  return null;
}

/** The origin at which nobody but one of these listeners can answer; null when somebody else could. */
function ownOrigin(origin: string, listeners: readonly ListenedAt[]): string | null {
  const { protocol, hostname, port } = new URL(origin);
  const scheme = protocol.slice(0, -1);
  const number = port === "" ? (scheme === "https" ? 443 : 80) : Number(port);
  const host = hostname.replace(/^\[|\]$/g, "");
  const there = listeners.filter((one) => one.scheme === scheme && one.port === number);
  // Whoever listens at all addresses has the port for itself.
  if (there.some((one) => one.host === null)) return isOfThisMachine(host) ? origin : null;
  // Who told larder to listen at a name is asked at that name.
  const exact = there.find(({ host: own }) => (own === host || isSameAddress(own, host)) && isOfThisMachine(host));
  if (exact !== undefined) return origin;
  const loopback = there.find((one) => one.host !== null && isLoopback(one.host));
  if (host !== "localhost" || loopback === undefined || scheme !== "http") return null;
  // Where the name leads is not certain; where larder listens is.
  const literal = loopback.host?.includes(":") === true ? `[${loopback.host}]` : loopback.host;
  return `${scheme}://${literal}:${number}`;
}

function isOfThisMachine(host: string): boolean {
  if (host === "localhost" || isLoopback(host)) return true;
  return interfaceAddresses().some(({ address }) => isSameAddress(address, host));
}

function isLoopback(host: string): boolean {
  return tryParseIpAddress(host)?.range() === "loopback";
}

function isSameAddress(one: string | null, other: string): boolean {
  const [a, b] = [tryParseIpAddress(one ?? "")?.toString(), tryParseIpAddress(other)?.toString()];
  return a !== undefined && a === b;
}

function readRecord(path: string, ownerId: number): v.InferOutput<typeof record> | null {
  const parsed = v.safeParse(record, readSecretFile(path, ownerId));
  return parsed.success ? parsed.output : null;
}
