import type { ClientSettings } from "../client-settings.ts";
import { type ClientTarget, clientConfig } from "../targets/targets.ts";

/** The files of a target to read: one alone as it is, more of them each under a line with its path. */
export function renderText(target: ClientTarget, settings: ClientSettings): string {
  const { files, notes } = clientConfig(target, settings);
  const [only] = files;
  if (files.length === 1 && only !== undefined && target.base !== "root") return only.content;
  const remarks = notes.map((note) => `# ${note}\n`).join("");
  const sections = files.map((file) => `# ==> ${file.path}${MERGE_REMARK[file.merge.kind]}\n${file.content}`);
  return `${remarks}${remarks === "" ? "" : "\n"}${sections.join("\n")}`;
}

const MERGE_REMARK = {
  own: "",
  registries: "",
  block: " (add to the file)",
  daemon: " (add to the object in the file)",
  containerd: " (if there is none; else set config_path in its registry table)",
} as const;
