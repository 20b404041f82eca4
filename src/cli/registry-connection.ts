import type { Command } from "commander";
import { AdminClient } from "../api/admin-client.ts";
import type { Reference } from "../oci/reference.ts";
import { DOCKER_HUB, LOCAL, type RepositoryPath, tryParseNamespace } from "../oci/repository-name.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import { CommandFailure, type CommandIo } from "./command-io.ts";
import { connectRegistry } from "./connect-registry.ts";
import { addRegistryOptions, registrySideOf } from "./copy-flags.ts";
import { findRegistryAddress } from "./registry-address.ts";
import { targetAt } from "./registry-side.ts";

/** The registry that a command talks to. */
export type RegistryConnection = {
  /** As its images are named from outside: `localhost:5000`. */
  readonly host: string;
  readonly client: RegistryClient;
  /** Larder's own powers; null when the registry is another. */
  readonly larder: AdminClient | null;
};

/** The options of every command that talks to the registry. */
export function addConnectionOptions(command: Command): Command {
  command.option("--registry <address>", "the registry (default $LARDER_REGISTRY, $LOCAL_REGISTRY, localhost:5000)");
  return addRegistryOptions(command, "", "the registry");
}

/** Finds out what answers at the registry's address. Throws what the attempt failed with. */
export async function connect(
  flags: Readonly<Record<string, unknown>> & { readonly registry?: string },
  io: CommandIo,
): Promise<RegistryConnection> {
  const address = findRegistryAddress(flags.registry, io.environment);
  const namespace = tryParseNamespace(address.host);
  if (namespace === null) throw new CommandFailure(2, `${address.host} cannot be a registry's name`);
  const target = await targetAt(namespace, address.origins, registrySideOf(flags, ""), io.environment);
  for (const origin of target.origins) {
    const larder = new AdminClient(origin, io.signal);
    if ((await larder.version()) === null) continue;
    const client = await connectRegistry({ ...target, origins: [origin] }, io.signal);
    return { host: address.host, client, larder };
  }
  return { host: address.host, client: await connectRegistry(target, io.signal), larder: null };
}

/** Throws a CommandFailure when the registry is no larder, for commands that need one. */
export function insistOnLarder({ host, larder }: RegistryConnection, what: string): AdminClient {
  if (larder !== null) return larder;
  throw new CommandFailure(1, `${what} needs a larder; the registry at ${host} is another one`);
}

/**
 * Where a registry may keep an image, best first: larder under its full name; another under that, or flat as people
 * push there, without the host and without docker.io's `library/`.
 */
export function pathsOf({ larder }: RegistryConnection, { namespace, path }: Reference): readonly RepositoryPath[] {
  if (namespace === LOCAL) return [path];
  const full = `${namespace}/${path}` as RepositoryPath;
  if (larder !== null) return [full];
  const isOfficial = namespace === DOCKER_HUB && path.startsWith("library/");
  return isOfficial ? [full, path, path.slice("library/".length) as RepositoryPath] : [full, path];
}
