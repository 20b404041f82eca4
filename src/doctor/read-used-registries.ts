import * as v from "valibot";
import { parseReference } from "../oci/reference.ts";
import type { AskProgram } from "./ask-program.ts";
import { findProcesses } from "./find-process.ts";
import type { NodeFiles } from "./node-files.ts";

const PODMAN = "/var/lib/containers/storage";
const DOCKER = "/var/lib/docker/image";
/** Whoever of them is here says which images the kubelet has pulled; asked where a containerd runs, since they wait for one. */
const LISTING = ["--connect-timeout", "2s", "--namespace", "k8s.io", "images", "ls", "-q"];
const CONTAINERD: readonly (readonly string[])[] = [
  ["ctr", ...LISTING],
  ["k3s", "ctr", ...LISTING],
  ["/var/lib/rancher/rke2/bin/ctr", "--address", "/run/k3s/containerd/containerd.sock", ...LISTING],
];

const podmanImages = v.array(v.object({ names: v.optional(v.array(v.string())) }));
const dockerImages = v.object({ Repositories: v.record(v.string(), v.record(v.string(), v.string())) });

/** The registries that images on this machine come from, as its runtimes name them. Empty where there are no images. */
export async function readUsedRegistries(files: NodeFiles, ask: AskProgram): Promise<ReadonlySet<string>> {
  const isRunning = (await findProcesses("containerd", files)).length > 0;
  const said = isRunning ? await Promise.all(CONTAINERD.map(ask)) : [];
  const names = [
    ...(await namesIn(files, PODMAN, /-images$/, "images.json", (text) =>
      v.parse(podmanImages, JSON.parse(text)).flatMap((image) => image.names ?? []),
    )),
    ...(await namesIn(files, DOCKER, /^[\w.-]+$/, "repositories.json", (text) =>
      Object.values(v.parse(dockerImages, JSON.parse(text)).Repositories).flatMap((tags) => Object.keys(tags)),
    )),
    ...said.flatMap((text) => text?.split("\n") ?? []),
  ];
  return new Set(names.flatMap(registryOf));
}

async function namesIn(
  files: NodeFiles,
  folder: string,
  pattern: RegExp,
  file: string,
  read: (text: string) => readonly string[],
): Promise<readonly string[]> {
  const folders = (await files.list(folder).catch(() => [])).filter((name) => pattern.test(name));
  const lists = await Promise.all(
    folders.map(async (name) => {
      try {
        return read((await files.read(`${folder}/${name}/${file}`)) ?? "null");
      } catch {
        return []; // Of another version, or being written: then it says nothing.
      }
    }),
  );
  return lists.flat();
}

/** An image that has no name is kept by containerd as its digest alone. */
function registryOf(name: string): readonly string[] {
  if (name === "" || name.startsWith("sha256:")) return [];
  try {
    return [parseReference(name).namespace];
  } catch {
    return []; // No name of an image.
  }
}
