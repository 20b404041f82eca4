import type { Command } from "commander";
import { AdminClient, type Fetch } from "../admin/admin-client.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { type Namespace, tryParseNamespace } from "../oci/repository-name.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import type { RegistryTarget } from "../remote/connect-registry.ts";
import { addRegistryOptions, registrySideOf } from "./copy-flags.ts";
import type { ImageRegistry } from "../remote/image-registry.ts";
import { LarderImages } from "../remote/larder-images.ts";
import { findRegistryAddress, type RegistryAddress } from "../remote/registry-address.ts";
import type { RegistrySide } from "../remote/registry-side.ts";

type Flags = Readonly<Record<string, unknown>> & { readonly registry?: string };

/** Adds the options of every command that talks to the registry. */
export function addConnectionOptions(command: Command): Command {
  command.option("--registry <address>", "the registry (default $LARDER_REGISTRY, $LOCAL_REGISTRY, localhost:5000)");
  return addRegistryOptions(command, "", "the registry");
}

/**
 * Connects to the registry's address, and finds out whether a larder or another registry answers. Throws what the
 * attempt failed with.
 */
export async function connect(flags: Flags, io: CommandIo): Promise<ImageRegistry> {
  const place = placeOf(flags, io);
  const found = await find(place, io);
  if (found.larder !== null) {
    const openClient = async () =>
      (await import("../remote/connect-registry.ts")).connectRegistry(await found.target(), io.signal);
    return new LarderImages(place.address.host, found.larder, openClient, io);
  }
  const { PlainImages } = await import("../remote/plain-images.ts");
  const { connectRegistry } = await import("../remote/connect-registry.ts");
  return new PlainImages(place.address.host, await connectRegistry(await found.target(), io.signal), io);
}

/** Connects to a larder. Throws a CommandFailure when another registry answers; `what` names what needs a larder. */
export async function connectLarder(flags: Flags, what: string, io: CommandIo): Promise<AdminClient> {
  const place = placeOf(flags, io);
  const { larder } = await find(place, io);
  if (larder !== null) return larder;
  throw new CommandFailure(1, `${what} needs a larder; the registry at ${place.address.host} is another one`);
}

/** A registry's address with what the flags say of it. */
type Place = { readonly namespace: Namespace; readonly address: RegistryAddress; readonly side: RegistrySide };
/** What answers there; `target` is how to reach it as a registry. */
type Found = { readonly larder: AdminClient | null; readonly target: () => Promise<RegistryTarget> };

function placeOf(flags: Flags, io: CommandIo): Place {
  const address = findRegistryAddress(flags.registry, io.environment);
  const namespace = tryParseNamespace(address.host);
  if (namespace === null) throw new CommandFailure(2, `${address.host} cannot be a registry's name`);
  return { namespace, address, side: registrySideOf(flags, "") };
}

/** The first origin is asked for a larder's version; a client of registries is loaded only when that is not all. */
async function find({ namespace, address, side }: Place, io: CommandIo): Promise<Found> {
  const target = async () => {
    const { targetAt } = await import("../remote/registry-side.ts");
    return targetAt(namespace, address.origins, side, io.environment);
  };
  const fetch = await straightFetch(side.caFile === null ? null : (await target()).caPem);
  const origins = side.plainHttp ? ([`http://${address.host}`] as const) : address.origins;
  const first = await askLarder(origins[0], fetch, io);
  if (first.larder !== null) {
    return { larder: first.larder, target: async () => ({ ...(await target()), origins: [origins[0]] }) };
  }
  const { settleOrigin } = await import("../remote/connect-registry.ts");
  const settled = await settleOrigin(await target(), io.signal);
  const [origin] = settled.origins;
  const { larder, failure } = origin === origins[0] ? first : await askLarder(origin, fetch, io);
  if (failure !== null) throw failure;
  return { larder, target: () => Promise.resolve(settled) };
}

/** Is there a larder? `failure` is set when nobody could tell. */
async function askLarder(
  origin: string,
  fetch: Fetch,
  io: CommandIo,
): Promise<{ readonly larder: AdminClient | null; readonly failure: RegistryError | null }> {
  const larder = new AdminClient(origin, fetch, io.signal);
  try {
    return { larder: (await larder.version()) === null ? null : larder, failure: null };
  } catch (failure) {
    if (!(failure instanceof RegistryError)) throw failure;
    return { larder: null, failure };
  }
}

/**
 * A `fetch` for a registry that is named by its address: past the environment's proxy, and without the runtime's limit
 * for long answers. `caPem`: certificate authorities that are trusted besides the public ones, null for none.
 */
async function straightFetch(caPem: string | null): Promise<Fetch> {
  const tls = caPem === null ? {} : { tls: { ca: [...(await publicAuthorities()), caPem] } };
  // Bun goes through the environment's proxy unless it is told not to.
  return (url, init) => fetch(url, { ...init, ...tls, proxy: false as unknown as string, timeout: false });
}

async function publicAuthorities(): Promise<readonly string[]> {
  const { getCACertificates } = await import("node:tls");
  return getCACertificates("default");
}
