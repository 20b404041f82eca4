/** Compose files. Source: the Compose specification (2025), "services", "build", "Interpolation". */
import { isThere } from "../files/reading.ts";
import { dirname, isAbsolute, join } from "node:path";
import type { Findings } from "../found/found-image.ts";
import { endsAsImage, LackingNames } from "../found/lacking-names.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  stringAt,
  textAt,
  valueAt,
} from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { substituteVariables } from "../files/variable-substitution.ts";
import { buildOf, type ComposeService, ComposeServices } from "./compose-services.ts";

export const compose: DocumentFormat = {
  tool: "Compose",
  mark: /(?:^|[\s{,])["']?services["']?\s*:|^include\s*:/m,
  recognizes: (document, file) => isComposeDocument(document, file.name),
  async read(document, file, findings, signal) {
    // Merged over the file that it overrides, when that one is read.
    const base = /^((?:docker-)?compose)\.override(\.ya?ml)$/.exec(file.name);
    const beside = (ending: string) => isThere(join(dirname(file.path), `${base?.[1]}${ending}`));
    if (base !== null && !file.askedFor && (beside(".yml") || beside(".yaml"))) return;
    const project = new ComposeServices(findings, signal);
    await project.load(document, file.path);
    new ComposeScan(findings).run(project.services);
  },
};

/** Is this a Compose file: services without a Kubernetes kind, one of which names an image or how it is built? */
function isComposeDocument(document: LocatedMap, name: string): boolean {
  if (document.entries.has("kind") || document.entries.has("apiVersion")) return false;
  const services = valueAt(document, "services");
  const isNamedSo = /^(?:docker-)?compose\b.*\.ya?ml$/.test(name);
  if (services?.type !== "map") return isNamedSo && valueAt(document, "include") !== null;
  const says = (service: Located, key: string) => valueAt(service, key) !== null;
  return [...services.entries.values()].some(
    (service) => says(service, "image") || says(service, "build") || says(service, "extends"),
  );
}

class ComposeScan {
  readonly #findings: Findings;
  readonly #lacks = new LackingNames();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  run(services: readonly ComposeService[]): void {
    for (const service of services) this.#service(service);
    const advice = (names: string) => `needs the variable ${names}: give it in the .env file beside the Compose file`;
    this.#lacks.report(advice, this.#findings);
  }

  #service({ service, variables }: ComposeService): void {
    const platform = this.#fill(valueAt(service, "platform"), variables)?.text ?? null;
    const build = buildOf(service);
    if (build !== null) this.#build(build, variables);
    const mounts = itemsAt(service, "volumes").filter((volume) => stringAt(volume, "type") === "image");
    // The image of a service that is built is the name of the result: pulled only where it exists already.
    this.#image(valueAt(service, "image"), variables, build === null ? "field" : "guess", platform);
    for (const mount of mounts) this.#image(valueAt(mount, "source"), variables, "field", platform);
  }

  #image(
    image: Located | null,
    variables: ReadonlyMap<string, string>,
    kind: "field" | "guess",
    platform: string | null,
  ): void {
    if (image?.type !== "scalar" || image.text === "") return;
    const { text, missing } = substituteVariables(image.text, variables);
    const weight = missing.length > 0 ? "guess" : kind;
    const isListed =
      (missing.length === 0 || endsAsImage(text)) &&
      this.#findings.image(image, text.trim(), weight, "compose", platform);
    if (missing.length > 0) this.#lacks.add(missing, image, image.text, isListed);
    else if (!isListed) this.#findings.error(image, `the image ${JSON.stringify(text)} is not a valid reference`);
  }

  #build(build: LocatedMap, variables: ReadonlyMap<string, string>): void {
    const contexts = new Map<string, string | null>();
    for (const [name, target] of this.#pairs(valueAt(build, "additional_contexts"), variables)) {
      contexts.set(name, target.startsWith("docker-image://") ? target.slice("docker-image://".length) : null);
    }
    const args = this.#pairs(valueAt(build, "args"), variables);
    const inline = valueAt(build, "dockerfile_inline");
    const context = this.#fill(valueAt(build, "context"), variables);
    if (inline?.type === "scalar") {
      this.#findings.build({ file: inline.file, line: inline.line, dockerfile: { text: inline }, args, contexts });
    } else if (context !== null && /^(?:[a-z+]+:\/\/|git@|github\.com\/)/i.test(context.text)) {
      this.#findings.missing(build, `the build context ${context.text.slice(0, 200)}`);
    } else if (context === null || context.missing.length === 0) {
      const folder = below(dirname(build.file), context?.text ?? ".");
      const name = this.#fill(valueAt(build, "dockerfile"), variables)?.text ?? dockerfileIn(folder);
      const dockerfile = { path: below(folder, name) };
      this.#findings.build({ file: build.file, line: build.line, dockerfile, args, contexts });
    }
  }

  /** `{a: 1}` or `[a=1]`; what has no value there takes it from the machine that builds, and is left out. */
  #pairs(value: Located | null, variables: ReadonlyMap<string, string>): Map<string, string> {
    const pairs = new Map<string, string>();
    const add = (name: string, scalar: LocatedScalar, text: string) => {
      const filled = substituteVariables(text, variables);
      if (scalar.value !== null && filled.missing.length === 0) pairs.set(name, filled.text);
    };
    for (const item of value?.type === "list" ? value.items : []) {
      const [, name, text] = /^([^=]+)=(.*)$/s.exec(item.type === "scalar" ? item.text : "") ?? [];
      if (item.type === "scalar" && name !== undefined) add(name, item, text ?? "");
    }
    for (const [name, item] of value?.type === "map" ? value.entries : []) {
      if (item.type === "scalar") add(name, item, textAt(value, name) ?? "");
    }
    return pairs;
  }

  #fill(value: Located | null, variables: ReadonlyMap<string, string>) {
    return value?.type === "scalar" && value.text !== "" ? substituteVariables(value.text, variables) : null;
  }
}

/** A path as Compose reads it; one that is relative stays so, as messages show it. */
function below(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

function dockerfileIn(folder: string): string {
  return !isThere(join(folder, "Dockerfile")) && isThere(join(folder, "Containerfile"))
    ? "Containerfile"
    : "Dockerfile";
}
