/** What packages of every kind say of themselves. */
export const MAINTAINER = "The larder authors <larder@packages.invalid>";

export const SUMMARY = "container registry and pull-through cache";

/** Paragraphs, of lines that are short enough for package managers. */
export const TOLD: readonly (readonly string[])[] = [
  [
    "larder keeps every container image that a cluster needs close to the cluster,",
    "and stands in for the registries that those images come from: docker.io,",
    "quay.io, registry.k8s.io and others. A node pulls as its manifests say; larder",
    "answers from disk when it has the image, through to the registry when it has",
    "not, and from disk again when the network is gone.",
  ],
  [
    "It is one program without further dependencies: registry, cache, name server,",
    "certificate authority, and a command line for images.",
  ],
];
