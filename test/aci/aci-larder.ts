/** A larder with real images, and what the tests of its ACIs ask of it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LarderProcess } from "../conformance/larder-process.ts";
import { outputOf } from "../end-to-end/run-command.ts";

/** An image's layout, as `buildImage` makes it. */
type Layout = { readonly layout: string };

/** Pushes an image to larder with skopeo. `name` is `PATH:TAG`, with a registry's host before it or without. */
export async function push(larder: LarderProcess, { layout }: Layout, name: string): Promise<void> {
  const destination = `docker://${new URL(larder.url).host}/${name}`;
  await outputOf(["skopeo", "copy", "-q", "--all", "--dest-tls-verify=false", `oci:${layout}:image`, destination]);
}

/** GETs a path of larder's. Nothing is decompressed on the way. */
export function get(larder: LarderProcess, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${larder.url}${path}`, { headers, decompress: false });
}

/** Downloads a path to a file, and checks that all went well. */
export async function download(larder: LarderProcess, path: string, file: string): Promise<Response> {
  const response = await get(larder, path);
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  await Bun.write(file, response);
  return response;
}

/** Asks for a signature until it is there. */
export async function signatureOf(larder: LarderProcess, path: string): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const response = await get(larder, `${path}.asc`);
    const text = await response.text();
    if (response.status === 200) return text;
    if (response.status !== 202) throw new Error(`${path}.asc: ${response.status} ${text}`);
    await Bun.sleep(50);
  }
  throw new Error(`${path}.asc was never made`);
}

export type AciManifest = {
  readonly name: string;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
};

/** The manifest in an ACI, and its labels by their names. */
export async function manifestOf(file: string): Promise<{ name: string; labels: Record<string, string> }> {
  const manifest = JSON.parse(await outputOf(["tar", "-xOzf", file, "manifest"])) as AciManifest;
  return { name: manifest.name, labels: Object.fromEntries(manifest.labels.map(({ name, value }) => [name, value])) };
}

/** What is in larder's folder of converted ACIs. */
export async function kept(larder: LarderProcess, ending = ""): Promise<readonly string[]> {
  const names = await readdir(join(larder.dataFolder, "aci/converted")).catch(() => []);
  return names.filter((name) => name.endsWith(ending));
}

/** The processes that larder has started and that still run. */
export async function childrenOf(larder: LarderProcess): Promise<readonly string[]> {
  const threads = await readdir(`/proc/${larder.pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${larder.pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  return lists.flatMap((list) => list.split(" ").filter((pid) => pid !== ""));
}
