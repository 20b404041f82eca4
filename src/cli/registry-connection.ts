import type { Command } from "commander";
import { AdminClient, type Fetch, type LarderIdentity } from "../admin/admin-client.ts";
import type { Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { type Namespace, type RepositoryPath, tryParseNamespace } from "../oci/repository-name.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import type { connectRegistry, RegistryTarget } from "../remote/connect-registry.ts";
import { addRegistryOptions, registrySideOf } from "./copy-flags.ts";
import type { ImageRegistry } from "../remote/image-registry.ts";
import { LarderImages } from "../remote/larder-images.ts";
import { findRegistry, type FoundRegistry } from "../remote/find-registry.ts";
import type { RegistrySide } from "../remote/registry-side.ts";
import { findAdministratorSecret } from "../remote/running/administrator-file.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { whoAnswers } from "../remote/who-answers.ts";

/** What is there has answered once. */
const WHO_LIMIT_MS = 10_000;

type Flags = Readonly<Record<string, unknown>> & { readonly registry?: string };

/** Adds the options of every command that talks to the registry. */
export function addConnectionOptions(command: Command): Command {
  return addRegistryOptions(addAddressOption(command), "", "the registry");
}

/** Adds the option that says which registry a command talks to. */
export function addAddressOption(command: Command): Command {
  return command.option(
    "--registry <address>",
    "the registry ($LARDER_REGISTRY, $LOCAL_REGISTRY, else this machine's)",
  );
}

/**
 * Connects to the registry's address, and finds out whether a larder or another registry answers. Throws what the
 * attempt failed with.
 */
export async function connect(flags: Flags, io: CommandIo): Promise<ImageRegistry> {
  const place = await placeOf(flags, io);
  const found = await find(place, io);
  if (found.larder !== null) {
    const openClient = async () =>
      (await import("../remote/connect-registry.ts")).connectRegistry(await found.target(), io.signal);
    const { larder, unqualified } = found;
    return new LarderImages({ host: place.address.host, larder, unqualified }, openClient, io);
  }
  const { PlainImages } = await import("../remote/plain-images.ts");
  const { connectRegistry } = await import("../remote/connect-registry.ts");
  return new PlainImages(place.address.host, await connectRegistry(await found.target(), io.signal), io);
}

type RegistryClient = Awaited<ReturnType<typeof connectRegistry>>;

/** Connects to the larder as to a registry, past its admin API; null when what answers is no larder. Throws what the attempt failed with. */
export async function connectAsRegistry(
  flags: Flags,
  io: CommandIo,
): Promise<{ readonly host: string; readonly client: RegistryClient } | null> {
  const place = await placeOf(flags, io);
  const { larder, target } = await find(place, io);
  if (larder === null) return null;
  const { connectRegistry } = await import("../remote/connect-registry.ts");
  return { host: place.address.host, client: await connectRegistry(await target(), io.signal) };
}

/** Connects to the registry, whichever it is, to push to it: to a larder on this machine as its administrator, unless a login says otherwise. */
export async function connectToPush(
  flags: Flags,
  io: CommandIo,
): Promise<{ readonly namespace: Namespace; readonly client: RegistryClient }> {
  const place = await placeOf(flags, io);
  const { target } = await find(place, io);
  const { connectRegistry } = await import("../remote/connect-registry.ts");
  return { namespace: place.namespace, client: await connectRegistry(await target(), io.signal) };
}

/**
 * Connects to a registry as one, whatever it is: the one at the address, or (`host` not null) that of a name; and gives the
 * paths that an image may have there, the likeliest first.
 */
export async function connectAsAny(
  flags: Flags,
  host: Namespace | null,
  reference: Reference,
  io: CommandIo,
): Promise<{ readonly client: RegistryClient; readonly paths: readonly RepositoryPath[] }> {
  const { connectRegistry } = await import("../remote/connect-registry.ts");
  if (host !== null) {
    const { targetOfName } = await import("../remote/registry-side.ts");
    const target = await targetOfName(host, registrySideOf(flags, ""), io.environment);
    return { client: await connectRegistry(target, io.signal), paths: [reference.path] };
  }
  const { larder, target } = await find(await placeOf(flags, io), io);
  const { plainPathsOf } = await import("../remote/plain-images.ts");
  const paths = plainPathsOf(reference);
  // At a larder the path alone is another name.
  const own = larder !== null && paths.length > 1 ? paths.slice(1, 2) : paths;
  return { client: await connectRegistry(await target(), io.signal), paths: own };
}

/** Connects to a larder. Throws a CommandFailure when another registry answers; `what` names what needs a larder. */
export async function connectLarder(flags: Flags, what: string, io: CommandIo): Promise<AdminClient> {
  return (await connectAdmin(flags, what, io)).larder;
}

/** As `connectLarder`, with the host that the larder was asked at, as an image's name would have it. */
export async function connectAdmin(
  flags: Flags,
  what: string,
  io: CommandIo,
): Promise<{ readonly larder: AdminClient; readonly host: string }> {
  const place = await placeOf(flags, io);
  const { larder } = await find(place, io);
  const { host } = place.address;
  if (larder !== null) return { larder, host };
  throw new CommandFailure(1, `${what} needs a larder; the registry at ${host} is another one`);
}

/** Sends a request to larder's pages that are not its admin API. */
export type LarderPages = {
  readonly host: string;
  readonly send: (path: string, init: RequestInit) => Promise<Response>;
};

/** Connects to the pages of a larder. Throws a CommandFailure as `connectLarder`. */
export async function connectPages(flags: Flags, what: string, io: CommandIo): Promise<LarderPages> {
  const place = await placeOf(flags, io);
  const { larder, target, authorization } = await find(place, io);
  const { host } = place.address;
  if (larder === null) throw new CommandFailure(1, `${what} needs a larder; the registry at ${host} is another one`);
  const { origins, caPem } = await target();
  const fetch = await straightFetch(caPem);
  const send = (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    if (authorization !== null) headers.set("Authorization", authorization);
    return fetch(`${origins[0]}${path}`, { ...init, headers, signal: io.signal });
  };
  return { host, send };
}

/** A registry's address with what the flags say of it. */
type Place = { readonly namespace: Namespace; readonly address: FoundRegistry; readonly side: RegistrySide };
/** What answers there; `target` is how to reach it as a registry. */
type Found = {
  readonly larder: AdminClient | null;
  readonly unqualified: readonly Namespace[];
  readonly target: () => Promise<RegistryTarget>;
  /** The header that tells the larder who asks; null: nothing does. */
  readonly authorization: string | null;
};

async function placeOf(flags: Flags, io: CommandIo): Promise<Place> {
  const address = await findRegistry(flags.registry, io);
  const namespace = tryParseNamespace(address.host);
  if (namespace === null) throw new CommandFailure(2, `${address.host} cannot be a registry's name`);
  return { namespace, address, side: registrySideOf(flags, "") };
}

/** The first origin is asked for a larder's version; a client of registries is loaded only when that is not all. */
async function find({ namespace, address, side }: Place, io: CommandIo): Promise<Found> {
  const target = async () => {
    const { targetAt } = await import("../remote/registry-side.ts");
    return targetAt(namespace, address, side, io.environment);
  };
  const fetch = await straightFetch(side.caFile === null ? address.caPem : (await target()).caPem);
  const origins = side.plainHttp ? ([`http://${address.host}`] as const) : address.origins;
  const first = await askLarder(origins[0], fetch, io);
  if (first.identity !== null)
    return introduce(first.identity, origins[0], { namespace, address, side }, target, fetch, io);
  const { settleOrigin } = await import("../remote/connect-registry.ts");
  const asked = await target();
  const settled = await settleOrigin(asked, io.signal).catch(async (error: unknown) => {
    if (first.failure === null) await insistOnRegistry(origins[0], asked.caPem, io.signal);
    throw error;
  });
  const [origin] = settled.origins;
  await insistOnRegistry(origin, settled.caPem, io.signal);
  const { failure, identity } = origin === origins[0] ? first : await askLarder(origin, fetch, io);
  if (failure !== null) throw failure;
  const known = () => Promise.resolve(settled);
  if (identity === null) return { larder: null, unqualified: [], target: known, authorization: null };
  return introduce(identity, origin, { namespace, address, side }, known, fetch, io);
}

/**
 * Says who asks to the larder at an origin: as credentials that were given, as its administrator where this user can be that, or
 * as what was kept of a login. To a larder on this machine images are pushed in the same way, but a login comes first.
 */
async function introduce(
  { instance, unqualified }: LarderIdentity,
  origin: string,
  { namespace, side }: Place,
  target: () => Promise<RegistryTarget>,
  fetch: Fetch,
  io: CommandIo,
): Promise<Found> {
  const own = side.credentials === null ? findAdministratorSecret(instance, origin, io.environment) : null;
  if (own === null) {
    const authorization = await keptAuthorization(namespace, await target(), io);
    const larder = new AdminClient(origin, fetch, io.signal, authorization);
    return { larder, unqualified, authorization, target: async () => ({ ...(await target()), origins: [origin] }) };
  }
  const authorization = `Bearer ${own.secret}`;
  return {
    larder: new AdminClient(own.origin, fetch, io.signal, authorization),
    unqualified,
    authorization,
    target: async () => {
      const { firstCredentials, fixedCredentials } = await import("../upstream/auth/credentials.ts");
      const { credentials, ...rest } = await target();
      const administrator = fixedCredentials(namespace, "administrator", own.secret);
      return { ...rest, origins: [own.origin], credentials: firstCredentials([credentials, administrator]) };
    },
  };
}

/** The header of credentials that were given, or kept at a login; null without any. What cannot be read is told, and left aside. */
async function keptAuthorization(
  namespace: Namespace,
  { credentials }: RegistryTarget,
  io: CommandIo,
): Promise<string | null> {
  try {
    const found = await credentials.find(namespace, null);
    if (found?.kind !== "password") return null;
    const { basicHeader } = await import("../upstream/auth/credentials.ts");
    return basicHeader(found.username, found.password);
  } catch (error) {
    io.signal.throwIfAborted();
    io.stderr.write(`larder: ${describeFailure(error)}; the registry is asked without credentials\n`);
    return null;
  }
}

/** Anything may answer at a port; what it is has to be said before it is asked for images. */
async function insistOnRegistry(origin: string, caPem: string | null, signal: AbortSignal): Promise<void> {
  const ca = caPem === null ? null : [...(await publicAuthorities()), caPem];
  const answer = await whoAnswers(origin, { ca, limitMs: WHO_LIMIT_MS }, signal);
  if (answer.who !== "other") return;
  throw new CommandFailure(
    1,
    `${origin} is no registry: ${answer.words}. Is larder running? --registry HOST:PORT says where it is`,
  );
}

/** Is there a larder? `failure` is set when nobody could tell. */
async function askLarder(
  origin: string,
  fetch: Fetch,
  io: CommandIo,
): Promise<{ readonly identity: LarderIdentity | null; readonly failure: RegistryError | null }> {
  try {
    return { identity: await new AdminClient(origin, fetch, io.signal).identify(), failure: null };
  } catch (failure) {
    if (!(failure instanceof RegistryError)) throw failure;
    return { identity: null, failure };
  }
}

/**
 * A `fetch` for a registry that is named by its address: past the environment's proxy, and without the runtime's limit
 * for long answers. `caPem`: certificate authorities that are trusted besides the public ones, null for none.
 */
async function straightFetch(caPem: string | null): Promise<Fetch> {
  const tls = caPem === null ? {} : { tls: { ca: [...(await publicAuthorities()), caPem] } };
  // Bun goes through the environment's proxy unless it is told not to.
  const past = { ...tls, proxy: false as unknown as string, timeout: false, decompress: false } as const;
  return (url, init) => fetch(url, { ...init, ...past });
}

async function publicAuthorities(): Promise<readonly string[]> {
  const { getCACertificates } = await import("node:tls");
  return getCACertificates("default");
}
