/** Compose files. Source: the Compose specification (compose-spec, 2025), "services" and "Interpolation". */
import type { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedMap, stringAt, valueAt } from "../found/located-value.ts";
import { substituteVariables } from "./variable-substitution.ts";

/** Is this a Compose file: services without a Kubernetes kind, one of which names an image or how it is built? */
export function isComposeDocument(document: Located): document is LocatedMap {
  const services = valueAt(document, "services");
  if (document.type !== "map" || services?.type !== "map" || document.entries.has("kind")) return false;
  return [...services.entries.values()].some((service) => valueAt(service, "image") ?? valueAt(service, "build"));
}

/**
 * Adds the images of the services. `variables` are those of the `.env` file beside it.
 * The image of a service that is built is the name of the result: a guess, pulled only where it exists already.
 */
export function scanCompose(document: LocatedMap, variables: ReadonlyMap<string, string>, findings: Findings): void {
  const services = valueAt(document, "services");
  if (services?.type !== "map") return;
  for (const service of services.entries.values()) {
    const mounts = itemsAt(service, "volumes").filter((volume) => stringAt(volume, "type") === "image");
    for (const image of [valueAt(service, "image"), ...mounts.map((mount) => valueAt(mount, "source"))]) {
      if (image?.type !== "scalar" || image.text === "") continue;
      const { text, missing } = substituteVariables(image.text, variables);
      const kind = valueAt(service, "build") === null ? "field" : "guess";
      if (missing.length > 0) {
        findings.error(
          image,
          `the image ${JSON.stringify(image.text)} needs the variable ${missing.join(", ")}: give it in the .env file beside the Compose file`,
        );
      } else if (!findings.image(image, text.trim(), kind, "compose")) {
        findings.error(image, `the image ${JSON.stringify(text)} is not a valid reference`);
      }
    }
  }
}

/** Reads a `.env` file: `NAME=value` lines, `#` comments, quotes, `export` in front. Other lines are passed over, as Compose's tools do. */
export function readEnvironmentFile(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split("\n")) {
    const parts = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (parts?.[1] === undefined) continue;
    const value = parts[2] ?? "";
    const quoted = /^(["'])(.*)\1/.exec(value);
    variables.set(parts[1], quoted?.[2] ?? value.replace(/\s+#.*$/, ""));
  }
  return variables;
}
