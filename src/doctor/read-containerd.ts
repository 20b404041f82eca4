import * as v from "valibot";
import { CONTAINERD_CERTS } from "../clients/containerd.ts";
import { fail, type Finding, warn } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import { readHostsToml } from "./read-hosts-toml.ts";
import type { RuntimeSetup } from "./runtime-setup.ts";

const CONFIG = "/etc/containerd/config.toml";
/** Where the kubelet's containerd finds `certs.d`: config versions 2 and 3. */
const PLUGINS = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"];

const plugin = v.object({ registry: v.optional(v.object({ config_path: v.optional(v.string()) })) });
const schema = v.object({ plugins: v.optional(v.record(v.string(), v.unknown())) });

/** What containerd's files say; null when there are none. */
export async function readContainerd(files: NodeFiles): Promise<RuntimeSetup | null> {
  const config = await files.read(CONFIG);
  const found = config === null ? "" : configPath(config);
  const folder = found?.split(":")[0] || CONTAINERD_CERTS;
  const { routes, problems } = await readHostsToml("containerd", folder, files);
  if (config === null && routes.length + problems.length === 0) return null;
  return { runtime: "containerd", routes, problems: [...problems, ...configProblems(found, routes.length > 0)] };
}

function configProblems(found: string | null, hasRoutes: boolean): readonly Finding[] {
  if (found === null) {
    return [
      warn("containerd", `${CONFIG} cannot be understood here`, "see what containerd says: containerd config dump"),
    ];
  }
  if (found !== "" || !hasRoutes) return [];
  return [
    fail(
      "containerd",
      `${CONFIG} has no config_path, so that containerd before 2.2 does not read ${CONTAINERD_CERTS}`,
      "run the script of /client/containerd.sh again, which sets it, and restart containerd",
    ),
  ];
}

/** The folder that config.toml names, empty when it names none; null when it cannot be understood. */
function configPath(text: string): string | null {
  try {
    const { plugins = {} } = v.parse(schema, Bun.TOML.parse(text));
    const paths = PLUGINS.map((name) => v.safeParse(plugin, plugins[name] ?? {}).output);
    return paths.map((entry) => (entry as v.InferOutput<typeof plugin>).registry?.config_path ?? "").join("");
  } catch {
    return null; // The caller tells of it.
  }
}
