/** Podman's quadlets. Source: podman-systemd.unit(5), Podman 5.6. */
import { isThere } from "../files/reading.ts";
import { dirname, isAbsolute, join } from "node:path";
import type { Findings } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import type { DocumentFile } from "../files/document-format.ts";
import { readText } from "../files/read-text.ts";
import type { TextFormat } from "../files/text-format.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";

const SECTIONS = "Container|Volume|Image|Kube|Build|Pod|Artifact";

export const quadlet: TextFormat = {
  tool: "Quadlet",
  // `web.container.d/10-image.conf` overrides what `web.container` says.
  isNamedSo: (name) => /\.(?:container|volume|image|kube|build|pod|artifact|conf)$/.test(name),
  recognizes: (text, { name, path }) =>
    (!name.endsWith(".conf") || /(?:container|volume|image|kube|build|pod|artifact)\.d\/[^/]*$/.test(path)) &&
    new RegExp(`^\\[(?:${SECTIONS})\\]\\s*$`, "m").test(text),
  async read(text, file, findings, signal) {
    const entries = entriesOf(text, file);
    for (const entry of entries) await readEntry(entry, entries, file, findings, signal);
  },
};

type Entry = { readonly section: string; readonly key: string; readonly value: string; readonly place: Place };

/** `Key=value` lines below their sections; a backslash at the end goes on with the next line. */
function entriesOf(text: string, file: DocumentFile): Entry[] {
  const entries: Entry[] = [];
  let section = "";
  let pending = "";
  let firstLine = 1;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (/^[#;]/.test(line)) continue;
    if (pending === "") firstLine = index + 1;
    if (line.endsWith("\\")) {
      pending += `${line.slice(0, -1)} `;
      continue;
    }
    const whole = pending + line;
    pending = "";
    section = /^\[(\w[\w-]*)\]$/.exec(whole)?.[1] ?? section;
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/.exec(whole) ?? [];
    if (key !== undefined && value !== undefined) {
      entries.push({ section, key, value: value.trim(), place: { file: file.path, line: firstLine } });
    }
  }
  return entries;
}

async function readEntry(
  { section, key, value, place }: Entry,
  entries: readonly Entry[],
  file: DocumentFile,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const isImage = key === "Image" && /^(?:Container|Volume|Image)$/.test(section);
  if (isImage) addImage(value, place, platformOf(entries), findings);
  else if (section === "Artifact" && key === "Artifact") addImage(value, place, null, findings);
  else if (section === "Container" && key === "Mount") {
    const source = /(?:^|,)type=image(?:,|$)/.test(value)
      ? /(?:^|,)(?:source|src)=([^,]+)/.exec(value)?.[1]
      : undefined;
    if (source !== undefined) addImage(source, place, null, findings);
  } else if (section === "Build" && key === "File") readBuild(value, place, entries, file, findings);
  else if (section === "Kube" && key === "Yaml") await readManifest(value, place, file, findings, signal);
}

/** Names of units stand for what those units make. */
function addImage(value: string, place: Place, platform: string | null, findings: Findings): void {
  if (value === "" || /\.(?:image|build)$/.test(value)) return;
  if (findings.image(place, value, "field", "quadlet", platform)) return;
  findings.error(
    place,
    `the image ${JSON.stringify(value.slice(0, 200))} is not a valid reference, or holds what systemd fills in`,
  );
}

function platformOf(entries: readonly Entry[]): string | null {
  const valueOf = (key: string) => entries.find((entry) => entry.section === "Image" && entry.key === key)?.value;
  const [arch, os, variant] = [valueOf("Arch"), valueOf("OS"), valueOf("Variant")];
  if (arch === undefined) return null;
  return [os ?? "linux", arch, ...(variant === undefined ? [] : [variant])].join("/");
}

function readBuild(
  value: string,
  place: Place,
  entries: readonly Entry[],
  file: DocumentFile,
  findings: Findings,
): void {
  if (/^(?:https?|git|ssh):\/\//.test(value)) return findings.missing(place, `the build file ${value.slice(0, 200)}`);
  const folder = entries.find(({ section, key }) => section === "Build" && key === "SetWorkingDirectory")?.value;
  const base = folder !== undefined && /^[./]/.test(folder) ? below(dirname(file.path), folder) : dirname(file.path);
  const args = new Map(
    entries.flatMap((entry): [string, string][] => {
      const [, name, text] = entry.key === "BuildArg" ? (/^"?([^=]+)=(.*?)"?$/.exec(entry.value) ?? []) : [];
      return name === undefined || text === undefined ? [] : [[name, text]];
    }),
  );
  findings.build({ ...place, dockerfile: { path: below(base, value) }, args, contexts: new Map() });
}

async function readManifest(
  value: string,
  place: Place,
  file: DocumentFile,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const path = below(dirname(file.path), value);
  // In a folder it is met anyway; what was found already is not found once more.
  const { text } = isThere(path) ? await readText(path, signal) : { text: null };
  if (text === null) return findings.missing(place, `the manifest ${value.slice(0, 200)}`);
  for (const document of readDocuments(text, linesOf(path), findings)) {
    scanManifest(document, { source: "kubernetes", guess: false, embedding: 0 }, findings);
  }
}

function below(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
