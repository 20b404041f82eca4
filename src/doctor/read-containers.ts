import * as v from "valibot";
import { fail, type Finding } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import { originOf, type Route, type RuntimeSetup } from "./runtime-setup.ts";

const FOLDER = "/etc/containers";
const CERTS = `${FOLDER}/certs.d`;
const RUNTIME = "containers";

const mirror = v.object({ location: v.string(), insecure: v.optional(v.boolean()) });
const schema = v.object({
  registry: v.optional(
    v.array(
      v.object({
        prefix: v.optional(v.string()),
        location: v.optional(v.string()),
        insecure: v.optional(v.boolean()),
        mirror: v.optional(v.array(mirror)),
      }),
    ),
  ),
});
type Registry = NonNullable<v.InferOutput<typeof schema>["registry"]>[number];

/** What the files of CRI-O, Podman, Buildah and skopeo say (containers-registries.conf(5)); null when there are none. */
export async function readContainers(files: NodeFiles): Promise<RuntimeSetup | null> {
  const routes: Route[] = [];
  const problems: Finding[] = [];
  const dropIns = (await files.list(`${FOLDER}/registries.conf.d`)).filter((name) => name.endsWith(".conf"));
  const paths = [`${FOLDER}/registries.conf`, ...dropIns.map((name) => `${FOLDER}/registries.conf.d/${name}`)];
  let isHere = false;
  for (const path of paths) {
    const text = await files.read(path);
    if (text === null) continue;
    isHere = true;
    try {
      const { registry = [] } = v.parse(schema, Bun.TOML.parse(text));
      routes.push(...registry.flatMap((entry) => routesOf(entry, path)));
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      problems.push(fail(RUNTIME, `${path} cannot be understood: ${reason}`, "correct it: with it, nothing is pulled"));
    }
  }
  const trusted = await Promise.all(routes.map((route) => withAuthority(route, files)));
  const others = (await routesOfAuthorities(files)).filter(({ registry }) =>
    trusted.every((route) => route.registry !== registry),
  );
  return isHere || others.length > 0 ? { runtime: RUNTIME, routes: [...trusted, ...others], problems } : null;
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
function routesOf({ prefix, location, insecure, mirror: mirrors = [] }: Registry, path: string): readonly Route[] {
  const registry = (prefix ?? location ?? "").split("/")[0] ?? "";
  const own = location === undefined ? [] : [{ location, insecure }];
  return (mirrors.length > 0 ? mirrors : own).map((place) => {
    const contacted = place.location.replace(/^docker\.io(?=\/|$)/, "registry-1.docker.io");
    const isInsecure = place.insecure === true;
    const origins = [originOf("https", contacted), ...(isInsecure ? [originOf("http", contacted)] : [])];
    return { registry, origins, caPath: null, verifies: !isInsecure, path };
  });
}

async function withAuthority(route: Route, files: NodeFiles): Promise<Route> {
  const host = route.origins[0]?.replace(/^https?:\/\//, "").replace("registry-1.docker.io", "docker.io") ?? "";
  const folder = `${CERTS}/${host}`;
  const name = (await files.list(folder)).find((entry) => entry.endsWith(".crt"));
  return name === undefined ? route : { ...route, caPath: `${folder}/${name}` };
}
