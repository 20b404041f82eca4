/**
 * The image that a node's Kubernetes runtime starts every pod with: what it is set to, by its own word where it gives one.
 * Sources: containerd 1.6 to 2.4, docs/cri/config.md; crio.conf(5) at 1.37.
 */
import type { AskProgram } from "./ask-program.ts";
import { findContainerd } from "./find-containerd.ts";
import { findProcess } from "./find-process.ts";
import type { NodeFiles } from "./node-files.ts";

/** The image that a runtime starts every pod with. */
export type SandboxImage = {
  readonly runtime: "containerd" | "cri-o";
  /** As the runtime has it: `registry.k8s.io/pause:3.10.2`. */
  readonly image: string;
  readonly isRunning: boolean;
  /** What says so. */
  readonly source: string;
};

/** The image that a runtime has without a setting: `containerd@2.4`, `cri-o@1.34.1`. Null when it is not known. */
type DefaultImage = (runtime: string) => string | null;

const CRIO = "/etc/crio";

/** The images of the runtimes that this node has; one that has no part in Kubernetes wants none. */
export async function readSandboxImages(
  files: NodeFiles,
  ask: AskProgram,
  defaultImage: DefaultImage,
): Promise<readonly SandboxImage[]> {
  const found = await Promise.all([ofContainerd(files, ask, defaultImage), ofCrio(files, ask, defaultImage)]);
  return found.filter((image) => image !== null);
}

async function ofContainerd(
  files: NodeFiles,
  ask: AskProgram,
  defaultImage: DefaultImage,
): Promise<SandboxImage | null> {
  const found = await findContainerd(files, ask);
  if (found === null || found.config?.isWithoutKubernetes === true) return null;
  const runtime = "containerd";
  const isRunning = found.running !== null;
  const image = found.config?.sandboxImage ?? null;
  if (image !== null)
    return { runtime, image, isRunning, source: found.isDumped ? "containerd config dump" : found.path };
  return byVersion(runtime, isRunning, await ask([found.program, "--version"]), defaultImage);
}

async function ofCrio(files: NodeFiles, ask: AskProgram, defaultImage: DefaultImage): Promise<SandboxImage | null> {
  const running = await findProcess("crio", files);
  const names = (await files.list(`${CRIO}/crio.conf.d`)).map((name) => `crio.conf.d/${name}`);
  const main = await files.read(`${CRIO}/crio.conf`);
  if (running === null && main === null && names.length === 0) return null;
  const runtime = "cri-o";
  const isRunning = running !== null;
  const status = await ask(["crio", "status", "config"]);
  const byStatus = pauseImageIn(status ?? "");
  if (byStatus !== null) return { runtime, image: byStatus, isRunning, source: "crio status config" };
  // Read in this order; the last word counts.
  for (const name of ["crio.conf", ...names].toReversed()) {
    const image = pauseImageIn((await files.read(`${CRIO}/${name}`)) ?? "");
    if (image !== null) return { runtime, image, isRunning, source: `${CRIO}/${name}` };
  }
  return byVersion(runtime, isRunning, await ask([running?.program ?? "crio", "--version"]), defaultImage);
}

function pauseImageIn(toml: string): string | null {
  const [, image] = /^[ \t]*pause_image[ \t]*=[ \t]*["']([^"']+)["']/m.exec(toml) ?? [];
  return image ?? null;
}

function byVersion(
  runtime: SandboxImage["runtime"],
  isRunning: boolean,
  said: string | null,
  defaultImage: DefaultImage,
): SandboxImage | null {
  const [, version] = /\bv?(\d+\.\d+\.\d+)/.exec(said ?? "") ?? [];
  const image = version === undefined ? null : defaultImage(`${runtime}@${version}`);
  return image === null ? null : { runtime, image, isRunning, source: `the default of ${runtime} ${version}` };
}
