import { quoteBriefly } from "../../oci/digest.ts";
import { type Namespace, tryParseNamespace } from "../../oci/repository-name.ts";

/** The registries that larder stands in for unless it is told otherwise. */
export const DEFAULT_STAND_INS: readonly Namespace[] = [
  "docker.io",
  "registry.k8s.io",
  "k8s.gcr.io",
  "gcr.io",
  "quay.io",
  "ghcr.io",
  "public.ecr.aws",
  "mcr.microsoft.com",
] as Namespace[];

/**
 * Reads a stand-in file: a host a line, `#` begins a comment, empty lines are passed over. Aliases of docker.io become
 * `docker.io`, and a host that stands there twice counts once. Throws an Error that names the line.
 */
export function parseStandInFile(text: string): readonly Namespace[] {
  const namespaces = new Set<Namespace>();
  for (const [index, line] of text.split("\n").entries()) {
    const host = line.replace(/#.*/, "").trim();
    if (host === "") continue;
    const namespace = tryParseStandIn(host);
    if (namespace === null) throw new Error(`line ${index + 1}: ${quoteBriefly(host)} is not the name of a host`);
    namespaces.add(namespace);
  }
  return [...namespaces];
}

/** The namespace of a stand-in as a person writes it. The token host of docker.io is part of docker.io. */
export function tryParseStandIn(host: string): Namespace | null {
  const namespace = tryParseNamespace(host);
  return namespace === "auth.docker.io" ? ("docker.io" as Namespace) : namespace;
}
