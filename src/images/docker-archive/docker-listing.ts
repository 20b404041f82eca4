/**
 * `manifest.json`, by which a Docker archive lists its images:
 *
 *     [{"Config": PATH, "RepoTags": [NAME, …] | null, "Layers": [PATH, …]}]
 *
 * Paths are members of the archive: `<hex>.json` and `<id>/layer.tar` of older Dockers, `<hex>.tar` of Podman and
 * skopeo, `blobs/sha256/<hex>` since Docker 25, whose archives are OCI layouts as well. Layers come lowest first.
 * Source: moby image/spec/v1.2.md; docker save of 20.10 to 28.
 */
import * as v from "valibot";
import { RegistryError } from "../../oci/registry-error.ts";
import { type FileTree, readWhole } from "../files/file-tree.ts";

const listing = v.array(
  v.looseObject({
    Config: v.pipe(v.string(), v.nonEmpty()),
    RepoTags: v.nullish(v.array(v.string()), []),
    Layers: v.nullish(v.array(v.string()), []),
  }),
);

/** An image of a Docker archive; paths as they stand. */
export type DockerImage = {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
};

const LIMIT_BYTES = 16 * 1024 * 1024;

/** The images of an archive; null when it has no `manifest.json`. Throws MANIFEST_INVALID. */
export async function readDockerListing(tree: FileTree): Promise<readonly DockerImage[] | null> {
  const bytes = await readWhole(tree, "manifest.json", LIMIT_BYTES);
  if (bytes === null) return null;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), listing), new TextDecoder().decode(bytes));
  if (!parsed.success) {
    const field = v.getDotPath(parsed.issues[0]);
    throw new RegistryError(
      "MANIFEST_INVALID",
      `manifest.json in ${tree.location} is not valid: ${field === null ? "" : `${field}: `}${parsed.issues[0].message}`,
    );
  }
  return parsed.output.map(({ Config, RepoTags, Layers }) => ({
    config: Config,
    names: RepoTags ?? [],
    layers: Layers ?? [],
  }));
}

/** The content of a `manifest.json`. */
export function formatDockerListing(images: readonly DockerImage[]): string {
  return JSON.stringify(
    images.map(({ config, names, layers }) => ({ Config: config, RepoTags: names, Layers: layers })),
  );
}
