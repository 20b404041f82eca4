/**
 * The images that a Kubernetes document would make a cluster pull.
 *
 * Containers and image volumes are read by their schema, everything else by the names that operators give such fields:
 * `image`, `images`, `repository` + `tag` (+ `registry`, `digest`). Arguments, environment variables and manifests that
 * are kept in strings are guesses.
 *
 * Source: the Kubernetes API reference, v1.36, PodSpec and ImageVolumeSource; custom resources of well-known operators.
 */
import { type ManifestContext, scanEmbeddedText } from "./embedded-text.ts";
import type { Findings, FoundImage } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import { imagesInText, isBareName, isFullImage, isLikelyImage, isTemplated } from "../found/image-text.ts";
import { joinImageParts } from "../found/image-parts.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  stringAt,
  stringsAt,
  valueAt,
} from "../found/located-value.ts";
import { substituteVariables } from "./variable-substitution.ts";

const CONTAINER_LISTS = new Set(["containers", "initContainers", "ephemeralContainers"]);
const IMAGE_KEY = /(?:^i|I|_I|_i|-i)(?:mage|MAGE)(?:Name|Url|URL|Ref|Reference)?$/;

/** Is this a Kubernetes document: one with a kind and an API version, or at least a kind as Kubernetes writes them? */
export function isKubernetesDocument(document: Located): document is LocatedMap {
  const kind = stringAt(document, "kind");
  return document.type === "map" && kind !== null && /^[A-Z]/.test(kind);
}

/** Adds the images of `document` to `findings`. */
export function scanManifest(document: Located, context: ManifestContext, findings: Findings): void {
  new ManifestScan(context, findings).visit(document, "", "");
}

/** Documents about images that are watched, matched or rewritten, not run; schemas; and files of other readers. */
function runsNothing(document: LocatedMap): boolean {
  const kind = stringAt(document, "kind") ?? "";
  const group = (stringAt(document, "apiVersion") ?? "").split("/")[0] ?? "";
  if (kind === "CustomResourceDefinition" || kind === "Kustomization" || kind === "Component") return true;
  if (/^(?:kyverno\.io|policies\.kyverno\.io|templates\.gatekeeper\.sh|constraints\.gatekeeper\.sh)$/.test(group))
    return true;
  return group === "image.toolkit.fluxcd.io" || group === "policy.sigstore.dev";
}

class ManifestScan {
  readonly #context: ManifestContext;
  readonly #findings: Findings;
  readonly #visited = new Set<Located>();

  constructor(context: ManifestContext, findings: Findings) {
    this.#context = context;
    this.#findings = findings;
  }

  /** `key` is where the value stands; `parent` where what holds it stands. List items stand where their list does. */
  visit(value: Located, key: string, parent: string): void {
    if (value.type === "scalar") {
      this.#visitScalar(value, key, parent);
      return;
    }
    // Anchors make one value stand in many places; once is enough.
    if (this.#visited.has(value)) return;
    this.#visited.add(value);
    if (value.type === "list") {
      for (const item of value.items) this.visit(item, key, parent);
    } else {
      this.#visitMap(value, key);
    }
  }

  #visitMap(map: LocatedMap, key: string): void {
    // `image: {{ x }}`, a template's, reads as a map that has a map for its key.
    const [template = ""] = map.entries.keys();
    if (key === "image" && template.startsWith("{")) return this.#weigh(map, `{${template}}`, this.#kind("field"));
    const isResource = stringAt(map, "apiVersion") !== null && stringAt(map, "kind") !== null;
    if (isResource && runsNothing(map)) return;
    const handled = new Set<string>();
    if (isResource) handled.add("status");
    if (CONTAINER_LISTS.has(key)) this.#visitContainer(map, handled);
    const parts = joinImageParts(map, key);
    if (parts !== null) {
      for (const used of parts.keys) handled.add(used);
      this.#weigh(parts.place, parts.written, parts.isCertain ? this.#kind("field") : "guess");
    }
    const name = stringAt(map, "name");
    if (stringAt(map, "kind") === "DockerImage" && name !== null) this.#weigh(map, name, this.#kind("field"));
    for (const [name, item] of map.entries) {
      if (handled.has(name) || name === "managedFields" || name.endsWith("/last-applied-configuration")) continue;
      this.visit(item, name, key);
    }
  }

  #visitContainer(container: LocatedMap, handled: Set<string>): void {
    const image = valueAt(container, "image");
    if (image?.type === "scalar") {
      handled.add("image");
      this.#containerImage(image);
    }
    for (const list of ["args", "command"]) {
      handled.add(list);
      this.#arguments(stringsAt(container, list));
    }
    handled.add("env");
    for (const variable of itemsAt(container, "env")) {
      const value = valueAt(variable, "value");
      if (value?.type === "scalar") this.#environment(stringAt(variable, "name") ?? "", value);
    }
  }

  #containerImage(image: LocatedScalar): void {
    const written = image.text.trim();
    if (written === "") return;
    if (written === "auto") {
      this.#findings.note(
        image,
        'the image "auto" is a placeholder that Istio\'s injector replaces; its image is not listed',
      );
      return;
    }
    this.#weigh(image, written, this.#kind("field"), "certain");
  }

  #arguments(items: readonly LocatedScalar[]): void {
    for (const [index, item] of items.entries()) {
      if (item.text.includes("\n")) this.visit(item, "args", "");
      const flag = /^--?([\w.-]+)=(.*)$/s.exec(item.text);
      const before = items[index - 1]?.text ?? "";
      const [name, value] = flag === null ? [before, item.text] : [flag[1] ?? "", flag[2] ?? ""];
      if (/image/i.test(name) && name !== item.text && !/\s/.test(value) && isLikelyImage(value)) {
        this.#findings.image(item, value, "guess", this.#context.source);
      } else {
        for (const image of imagesInText(item.text)) this.#findings.image(item, image, "guess", this.#context.source);
      }
    }
  }

  #environment(name: string, value: LocatedScalar): void {
    if (/image/i.test(name) && isLikelyImage(value.text)) {
      this.#findings.image(value, value.text, "guess", this.#context.source);
    } else {
      this.visit(value, "value", "env");
      for (const image of imagesInText(value.text)) this.#findings.image(value, image, "guess", this.#context.source);
    }
  }

  #visitScalar(scalar: LocatedScalar, key: string, parent: string): void {
    if (typeof scalar.value !== "string" || scalar.value === "") return;
    const text = scalar.value;
    if (text.includes("\n")) scanEmbeddedText(scalar, this.#context, scanManifest, this.#findings);
    else if (key === "image" || (key === "reference" && parent === "image"))
      this.#weigh(scalar, text, this.#kind("field"));
    else if (key === "images" || parent === "images") this.#listed(scalar, text);
    else if (IMAGE_KEY.test(key)) this.#weigh(scalar, text, key === "imageName" ? this.#kind("field") : "guess");
    else for (const image of imagesInText(text)) this.#findings.image(scalar, image, "guess", this.#context.source);
  }

  /** Argo CD writes its entries of `images` as `old=new`. */
  #listed(scalar: LocatedScalar, text: string): void {
    const image = text.slice(text.indexOf("=") + 1);
    if (isLikelyImage(image)) this.#findings.image(scalar, image, this.#kind("field"), this.#context.source);
  }

  /** Adds the image if it is one; a short word is one only in a container; a placeholder that stays is named. */
  #weigh(place: Place, text: string, kind: FoundImage["kind"], doubt?: "certain"): void {
    const image = text.trim();
    const filled = image.includes("${") ? substituteVariables(image, new Map()) : { text: image, missing: [] };
    if (filled.missing.length === 0 && !isTemplated(filled.text)) {
      if (isFullImage(filled.text) || doubt === "certain" || isLikelyImage(filled.text)) {
        if (this.#findings.image(place, filled.text, kind, this.#context.source) || doubt !== "certain") return;
        this.#findings.error(place, `the image ${JSON.stringify(image.slice(0, 200))} is not a valid reference`);
      } else if (isBareName(filled.text)) {
        this.#findings.image(place, filled.text, "guess", this.#context.source);
      }
      return;
    }
    const message = `the image ${JSON.stringify(image.slice(0, 200))} holds a placeholder that cannot be resolved here`;
    if (kind === "field") this.#findings.error(place, message);
    else this.#findings.note(place, message);
  }

  #kind(kind: FoundImage["kind"]): FoundImage["kind"] {
    return this.#context.guess ? "guess" : kind;
  }
}
