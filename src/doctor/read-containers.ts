import { LARDER_REGISTRIES_CONF } from "../clients/targets/containers.ts";
import { readRegistriesFiles } from "../clients/merge/read-registries-files.ts";
import { orderRegistries } from "../clients/merge/registries-precedence.ts";
import type { RegistryTable } from "../clients/merge/registries-tables.ts";
import { fail, type Finding } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import { originOf, type Route, type RuntimeSetup } from "./runtime-setup.ts";

const CERTS = "/etc/containers/certs.d";
const RUNTIME = "containers";

/** What the files of CRI-O, Podman, Buildah and skopeo say (containers-registries.conf(5)); null when there are none. */
export async function readContainers(files: NodeFiles): Promise<RuntimeSetup | null> {
  const texts = await readRegistriesFiles(files, LARDER_REGISTRIES_CONF, null);
  const { winners, shadows } = orderRegistries(texts);
  // What a narrower table says is not what is true of its registry.
  const whole = winners.filter(({ prefix, isBlocked }) => !prefix.includes("/") && !isBlocked);
  const routes = await Promise.all(
    whole.flatMap((table) => routesOf(table, table.path)).map((route) => withAuthority(route, files)),
  );
  const others = (await routesOfAuthorities(files)).filter(({ registry }) =>
    winners.every(({ prefix }) => prefix !== registry),
  );
  if (texts.length + others.length === 0) return null;
  const problems = [
    ...shadows.map(({ path, line, message }) => fail(RUNTIME, `${path}${lineOf(line)}: ${message}`, REMEDY)),
    ...winners.flatMap((table) => literalProblems(table, table.path)),
  ];
  return { runtime: RUNTIME, routes: [...routes, ...others], isInEffect: true, problems };
}

const REMEDY = "correct it, then run the script of larder's /client/containers.sh again";

function lineOf(line: number | null): string {
  return line === null ? "" : `:${line}`;
}

/** Read without a word of complaint, and then no image of the registry can be pulled at all. */
function literalProblems({ prefix, places, line }: RegistryTable, path: string): readonly Finding[] {
  const literal = places.find(({ location }) => location.startsWith("[") && location !== prefix);
  if (literal === undefined) return [];
  const message = `${path}${lineOf(line)}: ${prefix} is to come from ${literal.location}; these runtimes take no IPv6 address there, and every pull of ${prefix} fails`;
  return [fail(RUNTIME, message, "give larder a name, or use its IPv4 address: /client/containers.sh by that")];
}

/** A registry without a table is asked by its own name, with the authority that is kept for it (containers-certs.d(5)). */
async function routesOfAuthorities(files: NodeFiles): Promise<readonly Route[]> {
  const hosts = await files.list(CERTS);
  const routes = hosts.map((registry): Route => {
    const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
    return { registry, origins: [`https://${host}`], caPath: null, verifies: true, path: `${CERTS}/${registry}` };
  });
  const trusting = await Promise.all(routes.map((route) => withAuthority(route, files)));
  return trusting.filter(({ caPath }) => caPath !== null);
}

/**
 * `insecure` means HTTPS without verifying, and plain HTTP after that. What comes after the mirrors is left out: they
 * are what brings a pull here.
 */
function routesOf({ prefix, places }: RegistryTable, path: string): readonly Route[] {
  return places.map(({ location, isInsecure }) => {
    const contacted = location.replace(/^docker\.io(?=\/|$)/, "registry-1.docker.io");
    const origins = [originOf("https", contacted), ...(isInsecure ? [originOf("http", contacted)] : [])];
    return { registry: prefix, origins, caPath: null, verifies: !isInsecure, path };
  });
}

async function withAuthority(route: Route, files: NodeFiles): Promise<Route> {
  const host = route.origins[0]?.replace(/^https?:\/\//, "").replace("registry-1.docker.io", "docker.io") ?? "";
  const folder = `${CERTS}/${host}`;
  const name = (await files.list(folder)).find((entry) => entry.endsWith(".crt"));
  return name === undefined ? route : { ...route, caPath: `${folder}/${name}` };
}
