import * as v from "valibot";
import { fail } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import { readHostsToml } from "./read-hosts-toml.ts";
import { type Route, type RuntimeSetup, tryOriginOf } from "./runtime-setup.ts";

const FOLDER = "/etc/docker";
const DAEMON = `${FOLDER}/daemon.json`;
const USUAL_DATA = "/var/lib/docker";

const strings = v.optional(v.array(v.string()));
const schema = v.object({
  "registry-mirrors": strings,
  "insecure-registries": strings,
  "data-root": v.optional(v.string()),
  features: v.optional(v.object({ "containerd-snapshotter": v.optional(v.boolean()) })),
});
type Daemon = v.InferOutput<typeof schema>;

/** What Docker's files say: daemon.json, and the hosts.toml files of the containerd image store. Null when there are none. */
export async function readDocker(files: NodeFiles): Promise<RuntimeSetup | null> {
  const text = await files.read(DAEMON);
  const { routes, problems } = await readHostsToml("docker", `${FOLDER}/certs.d`, files);
  if (text === null && routes.length + problems.length === 0) return null;
  let daemon: Daemon;
  try {
    daemon = v.parse(schema, text === null || text.trim() === "" ? {} : JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = fail("docker", `${DAEMON} cannot be understood: ${reason}`, "correct it: dockerd does not start");
    return { runtime: "docker", routes: [], problems: [problem, ...problems] };
  }
  const mirrors = await Promise.all((daemon["registry-mirrors"] ?? []).map((url) => mirrorRoute(url, files)));
  const insecure = (daemon["insecure-registries"] ?? []).flatMap(insecureRoute);
  const byHostsToml = (await isClassicStore(daemon, files)) ? [] : routes;
  return { runtime: "docker", routes: [...mirrors.flat(), ...insecure, ...byHostsToml], problems };
}

/** The classic image store, which knows no hosts.toml, keeps its list of images in this folder. */
async function isClassicStore(daemon: Daemon, files: NodeFiles): Promise<boolean> {
  if (daemon.features?.["containerd-snapshotter"] === true) return false;
  return (await files.list(`${daemon["data-root"] ?? USUAL_DATA}/image`)).length > 0;
}

/** Mirrors are for docker.io alone. */
async function mirrorRoute(url: string, files: NodeFiles): Promise<readonly Route[]> {
  const origin = tryOriginOf(url);
  if (origin === null) return [];
  const folder = `${FOLDER}/certs.d/${origin.replace(/^https?:\/\//, "")}`;
  const name = (await files.list(folder)).find((entry) => entry.endsWith(".crt"));
  const caPath = name === undefined ? null : `${folder}/${name}`;
  return [{ registry: "docker.io", origins: [origin], caPath, verifies: true, path: DAEMON }];
}

/** Reached without verifying, or in plain HTTP: a spoofed name, or larder's own. Ranges of addresses name no registry. */
function insecureRoute(host: string): readonly Route[] {
  if (host.includes("/")) return [];
  const registry = host === "registry-1.docker.io" ? "docker.io" : host;
  return [{ registry, origins: [`https://${host}`, `http://${host}`], caPath: null, verifies: false, path: DAEMON }];
}
