/** Goes through folders and tells what their files may be, by their names. */
import type { Dirent } from "node:fs";
import { basename, join, sep } from "node:path";
import { listFolder, tryStat, whereLeads } from "./files/reading.ts";
import type { Findings } from "./found/found-image.ts";
import { TEXT_FORMATS } from "./text-formats/text-formats.ts";
import { isKustomizationFile } from "./kustomize/build-kustomization.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** A file or folder to read. A `file` may be anything, which its text has to tell; a `text` is one of the text formats, or what else its name says. */
export type WalkedEntry = {
  readonly type: "text" | "yaml" | "dockerfile" | "list" | "archive" | "chart" | "kustomization" | "file";
  readonly path: string;
  readonly name: string;
  /** Does it lie in a chart's folder? What are templates there, the chart's own templates fill in. */
  readonly isInChart?: boolean;
};

const DEPTH_LIMIT = 64;
const ENTRY_LIMIT = 500_000;

/** What a file's name says that it is; null when images are not to be expected in it. */
export function typeByName(name: string): WalkedEntry["type"] | null {
  if (TEXT_FORMATS.some((format) => format.isNamedSo(name))) return "text";
  if (/\.(?:ya?ml|json)$/i.test(name)) return "yaml";
  if (name.endsWith(".tgz")) return "archive";
  if (isDockerfileName(name)) return "dockerfile";
  if (/\.(?:txt|list|lst)$/i.test(name) || /^[\w-]*images[\w-]*$/i.test(name)) return "list";
  return null;
}

/** `Dockerfile`, `Containerfile`, `web.Dockerfile`, `Dockerfile.web`, `Dockerfile-web`; not what other programs keep for it or about it. */
function isDockerfileName(name: string): boolean {
  if (/(?:^|[._-])(?:docker|container)file$/i.test(name)) return true;
  const ending = /^(?:docker|container)file[._-](.+)$/i.exec(name)?.[1];
  return (
    ending !== undefined &&
    !/(?:^|\.)(?:\w*ignore|md|rst|adoc|html?|go|py|[jt]s|rb|rs|java|c|h|sh|ya?ml|json|bak|orig|swp)$/i.test(ending)
  );
}

/** All that may name images in a folder and below, in the order of the names, files before folders. Hidden names (but those that tools use) and links to folders are passed over. */
export async function* walkFiles(root: string, findings: Findings): AsyncGenerator<WalkedEntry> {
  const walk = new Walk(await whereLeads(root), findings);
  yield* walk.folder(root, 0);
}

class Walk {
  readonly #root: string;
  readonly #findings: Findings;
  #entries = 0;

  constructor(root: string, findings: Findings) {
    this.#root = root;
    this.#findings = findings;
  }

  async *folder(path: string, depth: number, isBelowChart = false): AsyncGenerator<WalkedEntry> {
    if (depth > DEPTH_LIMIT) {
      this.#findings.error({ file: path, line: null }, "the folders nest too deeply; it was not read");
      return;
    }
    const entries = await this.#list(path);
    // What Go keeps of other projects is not run from here.
    if (basename(path) === "vendor" && entries.some((entry) => entry.name === "modules.txt")) return;
    const isChart = entries.some((entry) => entry.name === "Chart.yaml");
    const isInChart = isChart || isBelowChart;
    if (isChart) yield { type: "chart", path, name: "Chart.yaml" };
    const kustomization = entries.find((entry) => isKustomizationFile(entry.name));
    if (kustomization !== undefined) yield { type: "kustomization", path, name: kustomization.name };
    for (const entry of entries) {
      const inner = join(path, entry.name);
      if (isChart && belongsToChart(entry.name)) continue;
      if (++this.#entries > ENTRY_LIMIT)
        throw new Error(`there are more than ${ENTRY_LIMIT} files below ${path}: name a smaller folder`);
      if (entry.isDirectory()) yield* this.folder(inner, depth + 1, isInChart);
      else if (entry.isFile() || (entry.isSymbolicLink() && (await this.#leadsToFile(inner)))) {
        const type = isKustomizationFile(entry.name) ? null : typeByName(entry.name);
        if (type !== null) yield { type, path: inner, name: entry.name, isInChart };
      }
    }
  }

  async #list(path: string): Promise<Dirent[]> {
    try {
      const entries = await listFolder(path);
      const shown = entries.filter(({ name }) => isShown(name, basename(path)));
      // Files first: what is included is mostly further below.
      const rank = (entry: Dirent) => (entry.isDirectory() ? `1${entry.name}` : `0${entry.name}`);
      return shown.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
    } catch (error) {
      this.#findings.error({ file: path, line: null }, `the folder cannot be read (${describeFailure(error)})`);
      return [];
    }
  }

  /** Links to folders are not followed: those inside are met anyway, and one to the outside may lead anywhere. */
  async #leadsToFile(link: string): Promise<boolean> {
    const details = await tryStat(link);
    if (details?.isDirectory() !== true) return details?.isFile() === true;
    const target = await whereLeads(link).catch(() => this.#root);
    if (target !== this.#root && !target.startsWith(this.#root + sep)) {
      this.#findings.note(
        { file: link, line: null },
        `the link to the folder ${target} is not followed: name that folder too`,
      );
    }
    return false;
  }
}

/** Hidden names under which tools keep what names images. */
const USED_BY_TOOLS = new RegExp(
  `^\\.(?:${[
    "gitlab-ci(?:[.-].*)?\\.ya?ml",
    "gitlab(?:-ci)?",
    "github",
    "gitea",
    "forgejo",
    "devcontainer(?:\\.json)?",
    "drone\\.ya?ml",
    "woodpecker(?:\\.ya?ml)?",
    "circleci",
    "azure-pipelines?(?:\\.ya?ml)?",
    "tekton",
    "imgpkg",
    "(?:docker|container)file(?:\\..+)?",
  ].join("|")})$`,
  "i",
);

/** Of `.github` and its like, workflows and actions: the rest is about the project, not run by it. */
const WORKFLOW_FOLDERS = /^\.(?:github|gitea|forgejo)$/;

function isShown(name: string, folder: string): boolean {
  if (WORKFLOW_FOLDERS.test(folder)) return name === "workflows" || name === "actions";
  return name.startsWith(".") ? USED_BY_TOOLS.test(name) : name !== "node_modules";
}

/** What the chart's reader reads, or what shows and tries the chart and is no part of it. */
function belongsToChart(name: string): boolean {
  return /^(?:templates|charts|crds|ci|tests?|examples?|Chart\.(?:yaml|lock)|requirements\.(?:yaml|lock)|values[\w.-]*\.(?:ya?ml|json))$/.test(
    name,
  );
}
