import type { SourceVersion } from "../source-version.ts";
import { IMAGE_USER } from "./base-files.ts";
import type { Layer } from "./write-layer.ts";

/** A kind of image: what its tags end in, and the user that it runs as. */
export type Variant = { readonly suffix: string; readonly user: string };

/** The image that people run unless they say so, and the one for the lines of those who ran registry:2 as root. */
export const VARIANTS: readonly Variant[] = [
  { suffix: "", user: `${IMAGE_USER}:${IMAGE_USER}` },
  { suffix: "-registry", user: "0:0" },
];

/** What package.json says of larder. */
export type About = { readonly description: string; readonly license: string; readonly repository?: string };

/** How a layer came to be, in a line. */
export type DescribedLayer = { readonly layer: Layer; readonly createdBy: string };

const REGISTRY_PORT = 5000;
const DATA_FOLDER = "/var/lib/registry";

/** The labels and annotations that say what an image is. Source: image-spec v1.1.1, annotations.md. */
export function labelsOf(source: SourceVersion, about: About): Readonly<Record<string, string>> {
  const { version, commit } = source;
  return {
    "org.opencontainers.image.created": dateOf(source),
    "org.opencontainers.image.description": about.description,
    "org.opencontainers.image.licenses": about.license,
    ...(commit === null ? {} : { "org.opencontainers.image.revision": commit }),
    ...(about.repository === undefined ? {} : { "org.opencontainers.image.source": about.repository }),
    "org.opencontainers.image.title": "larder",
    "org.opencontainers.image.version": version,
  };
}

/** The configuration of an image. Source: image-spec v1.1.1, config.md. */
export function imageConfig(
  architecture: string,
  { user }: Variant,
  layers: readonly DescribedLayer[],
  source: SourceVersion,
  about: About,
): Uint8Array {
  const created = dateOf(source);
  const config = {
    created,
    architecture,
    os: "linux",
    config: {
      User: user,
      ExposedPorts: { [`${REGISTRY_PORT}/tcp`]: {} },
      // How many requests to other registries the runtime has in flight at most, as ./larder sets it.
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "BUN_CONFIG_MAX_HTTP_REQUESTS=2048"],
      Entrypoint: ["/bin/registry"],
      Volumes: { [DATA_FOLDER]: {} },
      WorkingDir: "/",
      Labels: labelsOf(source, about),
      StopSignal: "SIGTERM",
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ layer }) => layer.diffId) },
    history: [
      ...layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
      { created, created_by: `USER ${user}, VOLUME ${DATA_FOLDER}, ENTRYPOINT /bin/registry`, empty_layer: true },
    ],
  };
  return new TextEncoder().encode(JSON.stringify(config));
}

function dateOf({ dateSeconds }: SourceVersion): string {
  return new Date(dateSeconds * 1000).toISOString().replace(".000Z", "Z");
}
