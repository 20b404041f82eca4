import { CONTAINERD_CERTS } from "../clients/targets/containerd.ts";
import type { AskProgram } from "./ask-program.ts";
import { type ContainerdConfig, parseContainerdConfig } from "./containerd-config.ts";
import { findContainerd, type FoundContainerd } from "./find-containerd.ts";
import { fail, type Finding, warn } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import { readHostsToml } from "./read-hosts-toml.ts";
import { type Route, type RuntimeSetup, tryOriginOf } from "./runtime-setup.ts";
import { expandPattern } from "../clients/merge/file-reader.ts";
import { type RunningProcess, startOfProcess } from "./find-process.ts";

const RUNTIME = "containerd";
const REMEDY = "run the script of larder's /client/containerd.sh again, which sets it and restarts containerd";

/** What goes wrong with config_path itself, before it comes to the files below it. */
type Flaw = { readonly message: string; readonly advice: string };

/**
 * What the containerd that runs goes by: its own `config dump` where it can be asked, else its file; and the hosts.toml
 * files below its config_path. Null when there is none, or nothing that concerns registries.
 */
export async function readContainerd(
  files: NodeFiles,
  ask: AskProgram,
  now: () => number,
): Promise<RuntimeSetup | null> {
  const found = await findContainerd(files, ask);
  const usual = await readHostsToml(RUNTIME, CONTAINERD_CERTS, files);
  const isUsual = usual.routes.length + usual.problems.length > 0;
  if (found === null) return isUsual ? { runtime: RUNTIME, isInEffect: true, ...usual } : null;
  if (found.path.startsWith("/var/lib/rancher/")) return isUsual ? readByNobody(usual.routes) : null;
  const { config } = found;
  if (config === null) return { runtime: RUNTIME, isInEffect: false, ...usual, problems: [notUnderstood(found)] };
  // nerdctl reads the usual folder, whatever the configuration says.
  if (config.isWithoutKubernetes) return isUsual ? { runtime: RUNTIME, isInEffect: true, ...usual } : null;
  const flaw = isUsual || config.configPath !== "" ? await flawOf(found, config, ask) : null;
  const unread = found.running === null ? [] : await unreadFiles(found, found.running, files, now);
  const problems = [...(flaw === null ? [] : [fail(RUNTIME, flaw.message, flaw.advice)]), ...unread];
  const isInEffect = problems.length === 0;
  if (flaw !== null) return { runtime: RUNTIME, isInEffect, routes: usual.routes, problems };
  const folders = config.configPath === "" ? [CONTAINERD_CERTS] : config.configPath.split(":");
  const read = await Promise.all(folders.map((folder) => readHostsToml(RUNTIME, folder, files)));
  const routes = [...oldRoutes(found, config), ...read.flatMap((one) => one.routes)];
  return { runtime: RUNTIME, isInEffect, routes, problems: [...problems, ...read.flatMap((one) => one.problems)] };
}

function readByNobody(routes: readonly Route[]): RuntimeSetup {
  const message = `${CONTAINERD_CERTS} is read by nobody: the containerd that runs here is that of k3s or RKE2`;
  const advice = "run the script of larder's /client/k3s.sh or /client/rke2.sh";
  return { runtime: RUNTIME, isInEffect: false, routes, problems: [fail(RUNTIME, message, advice)] };
}

function notUnderstood({ path, running, program }: FoundContainerd): Finding {
  const advice = `see what containerd says: ${running === null ? program : "containerd"} --config ${path} config dump`;
  return warn(RUNTIME, `${path} cannot be understood here`, advice);
}

/** Why CRI's pulls read no hosts.toml of larder's; null when they do. */
async function flawOf(found: FoundContainerd, config: ContainerdConfig, ask: AskProgram): Promise<Flaw | null> {
  const { configPath, mirrors } = config;
  const by = found.isDumped ? `${found.path} and what it imports` : found.path;
  if (Object.keys(mirrors).length > 0) {
    const beside = configPath === "" ? "" : ", beside which containerd allows no config_path";
    return {
      message: `${by} configures registries in the old way (mirrors)${beside}: hosts.toml files are not read`,
      advice: `move that to ${CONTAINERD_CERTS}, and run the script of larder's /client/containerd.sh again`,
    };
  }
  if (configPath === "") {
    return {
      message: `${by} has no config_path, so that the kubelet's pulls read no hosts.toml, with any version of containerd`,
      advice: REMEDY,
    };
  }
  if (!configPath.includes(":") || config.pullsItself || (await takesLists(found, ask))) return null;
  return {
    message: `config_path is the list ${configPath}, which the kubelet's pulls take for one path since containerd 2.1: no hosts.toml is read`,
    advice: REMEDY,
  };
}

/** Before 2.1, whose pulls go through the transfer service. */
async function takesLists({ program }: FoundContainerd, ask: AskProgram): Promise<boolean> {
  const [, major, minor] = /\bv?(\d+)\.(\d+)\.\d+/.exec((await ask([program, "--version"])) ?? "") ?? [];
  return major !== undefined && (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 1));
}

/** `[registry.mirrors]`: host or `*` to URLs. */
function oldRoutes({ path }: FoundContainerd, { mirrors }: ContainerdConfig): readonly Route[] {
  return Object.entries(mirrors).flatMap(([registry, urls]) =>
    urls.flatMap((url): readonly Route[] => {
      const origin = tryOriginOf(url);
      return origin === null ? [] : [{ registry, origins: [origin], caPath: null, verifies: true, path }];
    }),
  );
}

/** A file that is written just after the start is perhaps read; and clocks are no better than that. */
const TOLERANCE_MS = 200;
const MOST_IMPORTS = 100;

/** Those of its files that were changed after the containerd that runs had started: it reads them at its start alone. */
async function unreadFiles(
  { path, text }: FoundContainerd,
  running: RunningProcess,
  files: NodeFiles,
  now: () => number,
): Promise<readonly Finding[]> {
  const startedAtMs = await startOfProcess(running.id, files, now);
  if (startedAtMs === null) return [];
  const unread: string[] = [];
  for (const file of await withImports(path, text ?? "", files)) {
    const changedAtMs = await files.modifiedAtMs(file);
    if (changedAtMs !== null && changedAtMs > startedAtMs + TOLERANCE_MS) unread.push(file);
  }
  return unread.map((file) =>
    fail(
      "containerd",
      `the containerd that runs (process ${running.id}) was started before ${file} was changed, and has not read it`,
      "restart it: systemctl restart containerd",
    ),
  );
}

/** The file, what it imports, and what these import. A pattern is relative to the file that it stands in. */
async function withImports(path: string, text: string, files: NodeFiles): Promise<readonly string[]> {
  const seen = new Set([path]);
  const waiting = [{ path, text }];
  for (let next = waiting.pop(); next !== undefined && seen.size < MOST_IMPORTS; next = waiting.pop()) {
    const folder = next.path.slice(0, next.path.lastIndexOf("/"));
    for (const pattern of parseContainerdConfig(next.text)?.imports ?? []) {
      const found = await expandPattern(pattern.startsWith("/") ? pattern : `${folder}/${pattern}`, files);
      for (const imported of found.filter((one) => !seen.has(one))) {
        const content = await files.read(imported);
        if (content === null) continue;
        seen.add(imported);
        waiting.push({ path: imported, text: content });
      }
    }
  }
  return [...seen];
}
