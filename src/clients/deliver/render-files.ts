import type { ClientSettings } from "../client-settings.ts";
import { isShared, type NodeFile } from "../node-config.ts";
import { clientConfig, type ClientTarget } from "../targets/targets.ts";
import { tarEntry, type TarMember } from "../../lib/tar/tar-entry.ts";
import { writeTar } from "../../lib/tar/write-tar.ts";

/** The files of a target to read: one alone as it is, more of them each under a line with its path. */
export function renderText(target: ClientTarget, settings: ClientSettings): string {
  const { files, notes } = clientConfig(target, settings);
  const [only] = files;
  if (files.length === 1 && only !== undefined && target.base !== "root") return only.content;
  const remarks = notes.map((note) => `# ${note}\n`).join("");
  const sections = files.map((file) => `# ==> ${file.path}${MERGE_REMARK[file.merge.kind]}\n${file.content}`);
  return `${remarks}${remarks === "" ? "" : "\n"}${sections.join("\n")}`;
}

/** How a file goes together with one that is there already, in words; empty: it is larder's alone, or goes in by itself. */
export function mergeRemark({ merge }: NodeFile): string {
  return MERGE_REMARK[merge.kind].replace(/^ \((.*)\)$/, "$1");
}

const MERGE_REMARK = {
  own: "",
  registries: "",
  hosts: "",
  rancher: " (if there is none; else its endpoints go before the others)",
  block: " (add to the file)",
  daemon: " (add to the object in the file)",
  containerd: " (if there is none; else set config_path in its registry table)",
} as const;

/**
 * The files of a target as a tar, without folders, so that unpacking changes no folder's owner or mode. The same
 * settings give the same bytes. A file that others write, too, is named `PATH.larder`: a tar cannot merge.
 */
export async function renderTar(target: ClientTarget, settings: ClientSettings): Promise<Uint8Array> {
  const members = clientConfig(target, settings).files.map((file): TarMember => {
    const bytes = new TextEncoder().encode(file.content);
    const path = file.path.replace(/^\//, "") + (isShared(file.merge) ? ".larder" : "");
    const entry = tarEntry(path, "file", { mode: file.mode, size: bytes.length, userName: "root", groupName: "root" });
    return { entry, body: bytes.length === 0 ? null : once(bytes) };
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(members)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
