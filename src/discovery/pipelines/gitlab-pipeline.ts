/**
 * GitLab's pipelines.
 *
 * Source: GitLab's CI/CD YAML reference (17.x): image, services, default, extends, !reference, include, variables,
 * parallel:matrix, spec:inputs.
 */
import type { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedMap, stringAt, stringsAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { loadGitlabFile } from "./gitlab-includes.ts";
import { crossProduct, type MatrixRow, textIn } from "./job-matrix.ts";
import { type Expansion, expandExpressions, PipelineImages } from "./pipeline-images.ts";

export const gitlabPipeline: DocumentFormat = {
  tool: "GitLab",
  mark: /(?:^|[\s{])(?:script|include|stages|trigger)\s*:/m,
  recognizes: (document, { path, name }) =>
    /\.gitlab-ci\b.*\.ya?ml$/.test(name) || /(?:^|\/)\.gitlab(?:-ci)?\//.test(path) || hasJobs(document),
  async read(document, file, findings, signal) {
    const whole = await loadGitlabFile(document, file.path, findings, signal);
    new GitlabScan(whole, findings).run();
  },
};

/** Is there a job that only GitLab has: a `script` in a map of the top, with one of GitLab's words beside it? */
function hasJobs(document: LocatedMap): boolean {
  if (["apiVersion", "kind", "jobs", "services"].some((key) => valueAt(document, key)?.type === "map")) return false;
  if (document.entries.has("apiVersion")) return false;
  return [...document.entries.values()].some(
    (job) =>
      job.type === "map" &&
      job.entries.has("script") &&
      ["stage", "image", "extends", "rules", "tags", "before_script", "needs"].some((key) => job.entries.has(key)),
  );
}

const NO_JOBS = new Set("stages variables default include workflow cache image services spec".split(" "));
const DEPTH_LIMIT = 11;

/** Predefined variables that are the same everywhere, or stand for Docker Hub. */
const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ["CI_TEMPLATE_REGISTRY_HOST", "registry.gitlab.com"],
  ["CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX", "docker.io"],
  ["CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX", "docker.io"],
]);

class GitlabScan {
  readonly #document: LocatedMap;
  readonly #images: PipelineImages;
  readonly #extended = new Set<string>();

  constructor(document: LocatedMap, findings: Findings) {
    this.#document = document;
    this.#images = new PipelineImages(findings, (text) => this.#expand(text, [new Map()], null));
  }

  run(): void {
    for (const holder of [this.#document, valueAt(this.#document, "default")]) this.#holder(holder, null, [new Map()]);
    const jobs = [...this.#document.entries].filter(([name, job]) => !NO_JOBS.has(name) && job.type === "map");
    const whole = jobs.map(([name, job]) => [name, this.#extend(job as LocatedMap, 0)] as const);
    for (const [name, job] of whole) {
      // A hidden job runs only as a part of others, which may be in other files.
      if (name.startsWith(".") && this.#extended.has(name)) continue;
      this.#holder(job, job, rowsOf(job), name.startsWith(".") ? "guess" : "field");
    }
    this.#images.close();
  }

  #holder(
    holder: Located | null,
    job: LocatedMap | null,
    rows: readonly MatrixRow[],
    kind: "field" | "guess" = "field",
  ): void {
    const expand = (text: string) => this.#expand(text, rows, job);
    const add = (image: Located | null) => {
      const platform = stringAt(image, "docker", "platform");
      this.#images.add(image, "name", { expand, kind, platform });
    };
    const image = this.#referred(valueAt(holder, "image"));
    if (image?.type !== "list") add(image);
    for (const service of this.#services(valueAt(holder, "services"), 0)) add(service);
  }

  /** `!reference [.job, services]` stands for a list, or for some items of one. */
  #services(value: Located | null, depth: number): readonly Located[] {
    const list = this.#referred(value);
    if (list?.type !== "list" || depth > DEPTH_LIMIT) return list === null || list.type === "list" ? [] : [list];
    return list.items.flatMap((item) => (item.type === "list" ? this.#services(item, depth + 1) : [item]));
  }

  /** What a list of names leads to, when the first of them is a job's. */
  #referred(value: Located | null, depth = 0): Located | null {
    if (value?.type !== "list" || depth > DEPTH_LIMIT) return value;
    const names = value.items.flatMap((item) => (item.type === "scalar" ? [item.text] : []));
    const job = names.length > 1 && names.length === value.items.length ? names[0] : undefined;
    if (job === undefined || !this.#document.entries.has(job)) return value;
    return this.#referred(valueAt(this.#document, ...names), depth + 1);
  }

  #extend(job: LocatedMap, depth: number): LocatedMap {
    const parent = valueAt(job, "extends");
    const names = parent?.type === "scalar" ? [parent.text] : stringsAt(job, "extends").map(({ text }) => text);
    if (depth > DEPTH_LIMIT) return job;
    const entries = new Map<string, Located>();
    const merge = (from: LocatedMap) => {
      for (const [key, value] of from.entries) {
        const below = entries.get(key);
        const merged =
          below?.type === "map" && value.type === "map" ? new Map([...below.entries, ...value.entries]) : null;
        entries.set(key, merged === null ? value : { ...value, type: "map", entries: merged });
      }
    };
    for (const name of names) {
      this.#extended.add(name);
      const base = valueAt(this.#document, name);
      if (base?.type === "map") merge(this.#extend(base, depth + 1));
    }
    merge(job);
    return { ...job, entries };
  }

  #expand(text: string, rows: readonly MatrixRow[], job: Located | null, depth = 0): Expansion {
    const pattern = /\$\[\[(.*?)\]\]|\$\{(\w+)\}|\$([A-Za-z_]\w*)|%([A-Za-z_]\w*)%/g;
    return expandExpressions(text, pattern, rows, (expression, row) => {
      const name = /^inputs\.(\w[\w-]*)/.exec(expression)?.[1];
      const raw =
        name === undefined
          ? (textIn(row, [expression]) ?? this.#variable(expression, job))
          : defaultOf(valueAt(this.#document, "spec", "inputs", name));
      if (raw === null || depth > DEPTH_LIMIT || !/[$%]/.test(raw)) return raw;
      return this.#expand(raw, [row], job, depth + 1).texts[0] ?? null;
    });
  }

  #variable(name: string, job: Located | null): string | null {
    for (const holder of [job, this.#document]) {
      const value = valueAt(holder, "variables", name);
      const scalar = value?.type === "map" ? valueAt(value, "value") : value;
      if (scalar?.type === "scalar") return scalar.text;
    }
    return PREDEFINED.get(name) ?? null;
  }
}

function defaultOf(input: Located | null): string | null {
  const value = valueAt(input, "default");
  return value?.type === "scalar" ? value.text : null;
}

/** `parallel: matrix:` is a list of maps of lists, each map a matrix of its own. */
function rowsOf(job: LocatedMap): readonly MatrixRow[] {
  const rows = itemsAt(job, "parallel", "matrix").flatMap((entry) => {
    if (entry.type !== "map") return [];
    return crossProduct(
      [...entry.entries].map(([name, value]) => [name, value.type === "list" ? value.items : [value]]),
    );
  });
  return rows.length === 0 ? [new Map()] : rows;
}
