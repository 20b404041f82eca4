/**
 * Where an image comes from or goes to, as people write it: a transport, a colon, and what that transport needs.
 * The names of the transports are those of containers-transports(5), so that habits from skopeo carry over.
 */
import { quoteBriefly } from "../oci/digest.ts";
import { formatReference, parseReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";

/** The file `-`: standard input of a source, standard output of a sink. */
export const STANDARD_STREAM = "-";

/**
 * A parsed location. A `store` is in brackets; null: the usual one. `label` picks an image of several, or names the one to be written: a tag, a full reference, or
 * `@0`, the first one; null without it. `path` is as it was written.
 */
export type Location =
  | { readonly kind: "registry"; readonly reference: Reference }
  | { readonly kind: "daemon"; readonly name: string }
  | { readonly kind: "storage"; readonly store: string | null; readonly name: string }
  | { readonly kind: "docker-archive"; readonly path: string; readonly label: string | null }
  | { readonly kind: "oci-archive"; readonly path: string; readonly label: string | null }
  | { readonly kind: "oci-layout"; readonly path: string; readonly label: string | null }
  | { readonly kind: "directory"; readonly path: string };

/** Where an image may come from: an archive's path alone, too, which is Docker's or OCI's as its content will say. */
export type SourceLocation =
  | Location
  | { readonly kind: "archive"; readonly path: string; readonly label: string | null };

const SCHEMES = {
  docker: "registry",
  "docker-daemon": "daemon",
  "containers-storage": "storage",
  "docker-archive": "docker-archive",
  "oci-archive": "oci-archive",
  oci: "oci-layout",
  dir: "directory",
} as const;
type Scheme = keyof typeof SCHEMES;

/** Transports that others know and larder does not; without this list they would be read as image names. */
const FOREIGN = new Set(["ostree", "sif", "tarball", "atomic", "docker-tar", "file", "http", "https"]);

/**
 * Reads `docker://NAME`, `docker-daemon:NAME`, `containers-storage:[STORE]NAME`, `docker-archive:PATH[:NAME]`, `oci-archive:PATH[:TAG]`, `oci:DIR[:TAG]`,
 * `dir:PATH`, or a bare name, which means a registry. A path ends at its first colon.
 * Throws BAD_REQUEST for an unknown transport or a missing part, and what `parseReference` throws.
 */
export function parseLocation(text: string): Location {
  const match = /^([a-zA-Z][a-zA-Z-]*):(.*)$/s.exec(text);
  const [scheme, rest] = [match?.[1] ?? "", match?.[2] ?? ""];
  if (isScheme(scheme)) return parseRest(text, scheme, rest);
  // A name has one colon before its first slash at most, and no slash right behind it.
  if (FOREIGN.has(scheme) || rest.startsWith("/") || /^[^/]*:/.test(rest)) {
    throw bad(text, `the transport ${quoteBriefly(scheme)} is not known; write one of ${knownTransports()}`);
  }
  return { kind: "registry", reference: parseReference(text) };
}

/** The location as people write it, for messages. */
export function formatLocation(location: SourceLocation): string {
  switch (location.kind) {
    case "registry":
      return `docker://${formatReference(location.reference)}`;
    case "daemon":
      return `docker-daemon:${location.name}`;
    case "storage":
      return `containers-storage:${location.store ?? ""}${location.name}`;
    case "directory":
      return `dir:${location.path}`;
    case "oci-layout":
      return `oci:${withLabel(location)}`;
    case "archive":
      return withLabel(location);
    case "docker-archive":
    case "oci-archive":
      return `${location.kind}:${withLabel(location)}`;
    default:
      return location satisfies never;
  }
}

function knownTransports(): string {
  return "docker://NAME, docker-daemon:NAME, containers-storage:NAME, docker-archive:FILE[:NAME], oci-archive:FILE[:TAG], oci:DIR[:TAG], dir:DIR";
}

function parseRest(text: string, scheme: Scheme, rest: string): Location {
  const kind = SCHEMES[scheme];
  switch (kind) {
    case "registry":
      if (!rest.startsWith("//")) throw bad(text, "write docker://NAME, or docker-daemon:NAME for Docker's own images");
      return { kind, reference: parseReference(rest.slice(2)) };
    case "daemon":
      if (rest === "") throw bad(text, "the image's name is missing: docker-daemon:NAME[:TAG]");
      return { kind, name: withTag(rest) };
    case "storage": {
      const [, store = null, name = ""] = /^(\[[^\]]*\])?(.*)$/s.exec(rest) ?? [];
      if (name === "") throw bad(text, "the image's name is missing: containers-storage:NAME[:TAG]");
      const id = /^@?([0-9a-f]{12,64})$/.exec(name)?.[1];
      return { kind, store, name: id ?? withTag(name) };
    }
    case "directory":
      if (rest === "") throw bad(text, "the directory is missing: dir:DIR");
      return { kind, path: rest };
    case "docker-archive":
    case "oci-archive":
    case "oci-layout": {
      const colon = rest.indexOf(":");
      const path = colon < 0 ? rest : rest.slice(0, colon);
      const label = colon < 0 ? null : rest.slice(colon + 1);
      if (path === "") throw bad(text, `the path is missing: ${scheme}:PATH[:TAG]`);
      if (label === "") throw bad(text, "a name or tag must follow the last colon");
      return { kind, path, label };
    }
    default:
      return kind satisfies never;
  }
}

/** Engines take a name without a tag to mean all of its tags. */
function withTag(name: string): string {
  const { tag, digest } = parseReference(name);
  return digest !== null || name.endsWith(`:${tag}`) ? name : `${name}:${tag}`;
}

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(SCHEMES, text);
}

function withLabel(location: { readonly path: string; readonly label: string | null }): string {
  return location.label === null ? location.path : `${location.path}:${location.label}`;
}

function bad(text: string, why: string): RegistryError {
  return new RegistryError("BAD_REQUEST", `the location ${quoteBriefly(text)} cannot be read: ${why}`);
}
