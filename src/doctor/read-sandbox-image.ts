/**
 * The image that a node's Kubernetes runtime starts every pod with: what it is set to, by its own word where it gives one.
 * Sources: containerd 1.6 to 2.4, docs/cri/config.md; crio.conf(5) at 1.37.
 */
import * as v from "valibot";
import { findProcess } from "./find-process.ts";
import type { NodeFiles } from "./node-files.ts";

export type SandboxImage = {
  readonly runtime: "containerd" | "cri-o";
  /** As the runtime has it: `registry.k8s.io/pause:3.10.2`. */
  readonly image: string;
  /** What says so. */
  readonly source: string;
};

/** What a program prints; null when it is not there, or fails. */
export type AskProgram = (argv: readonly string[]) => Promise<string | null>;

/** The image that a runtime has without a setting: `containerd@2.4`, `cri-o@1.34.1`. Null when it is not known. */
type DefaultImage = (runtime: string) => string | null;

const CONTAINERD = "/etc/containerd/config.toml";
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
  const running = await findProcess("containerd", files);
  const config = configOf(running?.argv ?? []) ?? CONTAINERD;
  const text = await files.read(config);
  if (running === null && text === null) return null;
  const program = running?.program ?? "containerd";
  const dump = await ask([program, "--config", config, "config", "dump"]);
  const said = sandboxOf(dump ?? text ?? "");
  if (!said.servesKubernetes) return null;
  const runtime = "containerd";
  if (said.image !== null)
    return { runtime, image: said.image, source: dump === null ? config : "containerd config dump" };
  return byVersion(runtime, await ask([program, "--version"]), defaultImage);
}

/** `--config FILE` or `-c FILE`. */
function configOf(argv: readonly string[]): string | null {
  const index = argv.findIndex((argument) => /^(--?config|-c)(=|$)/.test(argument));
  if (index < 0) return null;
  const [, given] = /=(.*)/.exec(argv[index] ?? "") ?? [];
  return given ?? argv[index + 1] ?? null;
}

const schema = v.object({
  disabled_plugins: v.optional(v.array(v.string()), []),
  plugins: v.optional(v.record(v.string(), v.unknown()), {}),
});
const versionTwo = v.object({ sandbox_image: v.string() });
const versionThree = v.object({ pinned_images: v.object({ sandbox: v.string() }) });

type ContainerdSays = { readonly servesKubernetes: boolean; readonly image: string | null };
const NOTHING: ContainerdSays = { servesKubernetes: true, image: null };

/** Of config versions 2, 3 and 4. */
function sandboxOf(toml: string): ContainerdSays {
  let value: unknown;
  try {
    value = Bun.TOML.parse(toml);
  } catch {
    return NOTHING; // Another finding tells of that.
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) return NOTHING;
  const { disabled_plugins: disabled, plugins } = parsed.output;
  if (disabled.some((name) => /^(io\.containerd\.grpc\.v1\.)?cri$/.test(name)))
    return { servesKubernetes: false, image: null };
  const three = v.safeParse(versionThree, plugins["io.containerd.cri.v1.images"]);
  const two = v.safeParse(versionTwo, plugins["io.containerd.grpc.v1.cri"]);
  const image = three.success ? three.output.pinned_images.sandbox : two.success ? two.output.sandbox_image : null;
  return { servesKubernetes: true, image };
}

async function ofCrio(files: NodeFiles, ask: AskProgram, defaultImage: DefaultImage): Promise<SandboxImage | null> {
  const running = await findProcess("crio", files);
  const names = (await files.list(`${CRIO}/crio.conf.d`)).map((name) => `crio.conf.d/${name}`);
  const main = await files.read(`${CRIO}/crio.conf`);
  if (running === null && main === null && names.length === 0) return null;
  const runtime = "cri-o";
  const status = await ask(["crio", "status", "config"]);
  const byStatus = pauseImageIn(status ?? "");
  if (byStatus !== null) return { runtime, image: byStatus, source: "crio status config" };
  // Read in this order; the last word counts.
  for (const name of ["crio.conf", ...names].toReversed()) {
    const image = pauseImageIn((await files.read(`${CRIO}/${name}`)) ?? "");
    if (image !== null) return { runtime, image, source: `${CRIO}/${name}` };
  }
  return byVersion(runtime, await ask([running?.program ?? "crio", "--version"]), defaultImage);
}

function pauseImageIn(toml: string): string | null {
  const [, image] = /^[ \t]*pause_image[ \t]*=[ \t]*["']([^"']+)["']/m.exec(toml) ?? [];
  return image ?? null;
}

function byVersion(
  runtime: SandboxImage["runtime"],
  said: string | null,
  defaultImage: DefaultImage,
): SandboxImage | null {
  const [, version] = /\bv?(\d+\.\d+\.\d+)/.exec(said ?? "") ?? [];
  const image = version === undefined ? null : defaultImage(`${runtime}@${version}`);
  return image === null ? null : { runtime, image, source: `the default of ${runtime} ${version}` };
}
