import * as v from "valibot";
import { DAEMON_JSON } from "../clients/targets/docker.ts";
import { type FlagText, flagObstacles, readFlagTexts } from "../clients/merge/docker-flags.ts";
import { fail, type Finding } from "./finding.ts";
import { findProcess, type RunningProcess } from "./find-process.ts";
import type { NodeFiles } from "./node-files.ts";
import { readHostsToml } from "./read-hosts-toml.ts";
import { type Route, type RuntimeSetup, tryOriginOf } from "./runtime-setup.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

const FOLDER = "/etc/docker";
const USUAL_DATA = "/var/lib/docker";

const strings = v.optional(v.array(v.string()));
const schema = v.object({
  "registry-mirrors": strings,
  "insecure-registries": strings,
  "data-root": v.optional(v.string()),
  features: v.optional(v.object({ "containerd-snapshotter": v.optional(v.boolean()) })),
});
type Daemon = v.InferOutput<typeof schema>;

/**
 * What Docker's files and flags say: daemon.json, the process that runs, and the hosts.toml files of the containerd image
 * store. Null when there are none.
 */
export async function readDocker(files: NodeFiles): Promise<RuntimeSetup | null> {
  const text = await files.read(DAEMON_JSON);
  const { routes, problems } = await readHostsToml("docker", `${FOLDER}/certs.d`, files);
  const running = await findProcess("dockerd", files);
  const flags = {
    mirrors: valuesOf("registry-mirror", running?.argv ?? []),
    insecure: valuesOf("insecure-registry", running?.argv ?? []),
  };
  if (text === null && running === null && routes.length + problems.length === 0) return null;
  let daemon: Daemon;
  try {
    daemon = v.parse(schema, text === null || text.trim() === "" ? {} : JSON.parse(text));
  } catch (error) {
    const reason = describeFailure(error);
    const problem = fail(
      "docker",
      `${DAEMON_JSON} cannot be understood: ${reason}`,
      "correct it: dockerd does not start",
    );
    return { runtime: "docker", routes: [], isInEffect: true, problems: [problem, ...problems] };
  }
  const said = [...(daemon["registry-mirrors"] ?? []), ...flags.mirrors];
  const mirrors = await Promise.all(said.map((url) => mirrorRoute(url, files)));
  const insecure = [...(daemon["insecure-registries"] ?? []), ...flags.insecure].flatMap(insecureRoute);
  const byHostsToml = (await isClassicStore(daemon, files)) ? [] : routes;
  return {
    runtime: "docker",
    routes: [...mirrors.flat(), ...insecure, ...byHostsToml],
    isInEffect: true,
    problems: [...problems, ...(await flagProblems(text, running, files))],
  };
}

/** What flags and daemon.json both say, which dockerd does not start with; and a daemon.json that it does not read. */
async function flagProblems(
  text: string | null,
  running: RunningProcess | null,
  files: NodeFiles,
): Promise<readonly Finding[]> {
  if (text === null || text.trim() === "") return [];
  const texts: FlagText[] = [...(await readFlagTexts(files))];
  if (running !== null) {
    const source = `the dockerd that runs (process ${running.id})`;
    texts.push({ kind: "process", source, text: running.argv.slice(1).join("\n") });
  }
  const keys = Object.keys(JSON.parse(text) as object);
  return flagObstacles(texts, keys, DAEMON_JSON).map(({ source, line, message }) =>
    fail(
      "docker",
      `${source}${line === null ? "" : `:${line}`}: ${message}`,
      "then start it anew: systemctl restart docker",
    ),
  );
}

/** The values of a flag that may be given several times. */
function valuesOf(flag: string, argv: readonly string[]): readonly string[] {
  return argv.flatMap((argument, index) => {
    if (argument.startsWith(`--${flag}=`)) return [argument.slice(flag.length + 3)];
    return argument === `--${flag}` ? [argv[index + 1] ?? ""] : [];
  });
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
  return [{ registry: "docker.io", origins: [origin], caPath, verifies: true, path: DAEMON_JSON }];
}

/** Reached without verifying, or in plain HTTP: a spoofed name, or larder's own. Ranges of addresses name no registry. */
function insecureRoute(host: string): readonly Route[] {
  if (host.includes("/")) return [];
  const registry = host === "registry-1.docker.io" ? "docker.io" : host;
  return [
    { registry, origins: [`https://${host}`, `http://${host}`], caPath: null, verifies: false, path: DAEMON_JSON },
  ];
}
