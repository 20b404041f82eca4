/**
 * The images that a Kubernetes document would make a cluster pull.
 *
 * Containers and image volumes are read by their schema, everything else by the names that operators give such fields:
 * `image`, `images`, `repository` + `tag` (+ `registry`, `digest`). Arguments, environment variables and manifests that
 * are kept in strings are guesses.
 *
 * Source: the Kubernetes API reference, v1.36, PodSpec and ImageVolumeSource; custom resources of well-known operators.
 */
import { DATA_FIELDS, scanConfigData } from "./config-data.ts";
import { scanEmbeddedText } from "./embedded-text.ts";
import type { ManifestContext } from "./manifest-context.ts";
import type { Findings, FoundImage } from "../found/found-image.ts";
import { joinImageParts } from "../found/image-parts.ts";
import { imagesInText, isLikelyImage, namesRegistry } from "../found/image-text.ts";
import { keyWords, namesImage, speaksOfImage } from "../found/key-words.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  scalarFor,
  stringAt,
  stringsAt,
  textPlace,
  valueAt,
} from "../found/located-value.ts";
import type { Place } from "../found/place.ts";
import { scanSettings } from "./settings.ts";
import { type Certainty, weighImage } from "./weigh-image.ts";

const CONTAINER_LIST = /^(?:containers|initContainers|ephemeralContainers|\w+Containers)$/;
/** Where resources of Argo and Tekton keep containers that have the same fields. */
const CONTAINER_FIELD = /^(?:container|script|steps|sidecars|stepTemplate|sidecar)$/;

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
  // kubeadm makes images of it as no other tool does.
  if (kind === "ClusterConfiguration" && group === "kubeadm.k8s.io") return true;
  if (kind === "CustomResourceDefinition" || kind === "Kustomization" || kind === "Component") return true;
  if (/^(?:kyverno\.io|policies\.kyverno\.io|templates\.gatekeeper\.sh|constraints\.gatekeeper\.sh)$/.test(group))
    return true;
  // Images of virtual machines.
  if (/^(?:kops\.k8s\.io|compute\.cnrm\.cloud\.google\.com|compute\.gcp\.(?:m\.)?upbound\.io)$/.test(group))
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
      this.#visitMap(value, key, parent);
    }
  }

  #visitMap(map: LocatedMap, key: string, parent: string): void {
    // `image: {{ x }}`, a template's, reads as a map that has a map for its key.
    const [template = ""] = map.entries.keys();
    if (key === "image" && template.startsWith("{")) return this.#weigh(map, `{${template}}`, "field");
    const isResource = stringAt(map, "apiVersion") !== null && stringAt(map, "kind") !== null;
    if (isResource && runsNothing(map)) return;
    const handled = new Set<string>(["managedFields", "clusterConfiguration"]);
    if (isResource) this.#visitResource(map, handled);
    for (const parts of joinImageParts(map.entries, parent === "images" ? parent : key)) {
      for (const used of parts.keys) handled.add(used);
      this.#weigh(parts.place, parts.written, parts.isCertain ? "field" : "guess");
    }
    const isContainer = CONTAINER_LIST.test(key) || (this.#context.source !== "values" && CONTAINER_FIELD.test(key));
    if (isContainer) this.#visitContainer(map, handled);
    const name = stringAt(map, "name");
    if (stringAt(map, "kind") === "DockerImage" && name !== null) this.#weigh(map, name, "field");
    for (const [name, item] of map.entries) {
      if (!handled.has(name) && !name.endsWith("/last-applied-configuration")) this.visit(item, name, key);
    }
  }

  #visitResource(resource: LocatedMap, handled: Set<string>): void {
    handled.add("status");
    const kind = stringAt(resource, "kind");
    if (kind !== "ConfigMap" && kind !== "Secret") return;
    for (const field of DATA_FIELDS) handled.add(field);
    scanConfigData(resource, this.#context, scanManifest, this.#findings);
  }

  #visitContainer(container: LocatedMap, handled: Set<string>): void {
    const image = valueAt(container, "image");
    if (image?.type === "scalar" && !handled.has("image")) {
      handled.add("image");
      this.#containerImage(image);
    }
    for (const list of ["args", "command"]) {
      handled.add(list);
      this.#arguments(stringsAt(container, list));
    }
    handled.add("env");
    this.#environment(itemsAt(container, "env"));
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
    this.#weigh(image, written, "field", "container");
  }

  #arguments(items: readonly LocatedScalar[]): void {
    const flags = new Map<string, LocatedScalar>();
    for (const [index, item] of items.entries()) {
      if (item.text.includes("\n")) this.visit(item, "args", "");
      const flag = /^--?([\w.-]+)(?:=(.*))?$/s.exec(item.text);
      const next = items[index + 1];
      if (flag?.[1] === undefined) {
        for (const image of imagesInText(item.text))
          this.#findings.image(textPlace(item), image, "guess", this.#context.source);
      } else if (flag[2] !== undefined) flags.set(flag[1], scalarFor(item, flag[2]));
      else if (next !== undefined && !next.text.startsWith("-")) flags.set(flag[1], next);
    }
    scanSettings(flags, this.#context, this.#findings);
  }

  #environment(items: readonly Located[]): void {
    const settings = new Map<string, LocatedScalar>();
    for (const variable of items) {
      const value = valueAt(variable, "value");
      if (value?.type === "scalar") settings.set(stringAt(variable, "name") ?? "", value);
    }
    for (const value of scanSettings(settings, this.#context, this.#findings)) this.visit(value, "value", "env");
  }

  #visitScalar(scalar: LocatedScalar, key: string, parent: string): void {
    if (typeof scalar.value !== "string" || scalar.value === "") return;
    const text = scalar.value;
    if (text.includes("\n") || /^\s*[[{].*:/.test(text)) {
      scanEmbeddedText(scalar, this.#context, scanManifest, this.#findings);
    } else if (key === "image" || (key === "reference" && parent === "image")) this.#weigh(scalar, text, "field");
    else if (key === "images" || parent === "images") this.#listed(scalar, text);
    else if (/ima?ge?/i.test(key) && this.#named(scalar, key, text)) return;
    else
      for (const image of imagesInText(text))
        this.#findings.image(textPlace(scalar), image, "guess", this.#context.source);
  }

  /** Weighs a text whose key speaks of an image. False when the key means something else. */
  #named(scalar: LocatedScalar, key: string, text: string): boolean {
    const words = keyWords(key);
    const isWhole = /[:@]/.test(text) || namesRegistry(text);
    if (!namesImage(words) && !(speaksOfImage(words) && isWhole)) return false;
    // A repository without a tag is where images lie.
    if (/^(?:repository|repo|path)$/.test(words.at(-1) ?? "") && !/[:@]/.test(text)) return false;
    this.#weigh(scalar, text, words.at(-1) === "name" ? "field" : "guess");
    return true;
  }

  /** Argo CD writes its entries of `images` as `old=new`. */
  #listed(scalar: LocatedScalar, text: string): void {
    const image = text.slice(text.indexOf("=") + 1);
    if (isLikelyImage(image)) this.#findings.image(textPlace(scalar), image, this.#kind("field"), this.#context.source);
  }

  #weigh(place: Place, text: string, kind: FoundImage["kind"], certainty: Certainty = "other"): void {
    weighImage(place, text, this.#kind(kind), certainty, this.#context, this.#findings);
  }

  #kind(kind: FoundImage["kind"]): FoundImage["kind"] {
    return this.#context.guess ? "guess" : kind;
  }
}
