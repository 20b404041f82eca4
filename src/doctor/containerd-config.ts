/**
 * What a config.toml of containerd, or the output of `containerd config dump`, says of the images that CRI pulls.
 * Sources: containerd 1.6 to 2.4, docs/cri/config.md and docs/cri/registry.md; config versions 2, 3 and 4.
 */
import * as v from "valibot";

/** What counts of a configuration of containerd. */
export type ContainerdConfig = {
  /** Is CRI switched off, so that no kubelet can use this containerd? */
  readonly isWithoutKubernetes: boolean;
  /** The folder of hosts.toml files, perhaps a list with `:` between; empty when nothing is set. */
  readonly configPath: string;
  /** Registries in the old way: host to URLs. containerd forbids them beside config_path. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** Are images pulled by CRI itself, as before 2.1, and not by the transfer service? */
  readonly pullsItself: boolean;
  /** The image that every pod is started with; null when nothing is set. */
  readonly sandboxImage: string | null;
  /** Patterns of the files that it imports, as they stand there. */
  readonly imports: readonly string[];
};

const mirror = v.object({ endpoint: v.optional(v.array(v.string()), []) });
const registry = v.object({
  config_path: v.optional(v.string(), ""),
  mirrors: v.optional(v.record(v.string(), mirror), {}),
});
const cri = v.object({ registry: v.optional(registry, {}), sandbox_image: v.optional(v.string()) });
const images = v.object({
  registry: v.optional(registry, {}),
  pinned_images: v.optional(v.object({ sandbox: v.optional(v.string()) }), {}),
  use_local_image_pull: v.optional(v.boolean(), false),
});
const schema = v.object({
  imports: v.optional(v.array(v.string()), []),
  disabled_plugins: v.optional(v.array(v.string()), []),
  plugins: v.optional(
    v.object({
      // Before 2.0, and in files of version 2.
      "io.containerd.grpc.v1.cri": v.optional(cri, {}),
      // Since 2.0.
      "io.containerd.cri.v1.images": v.optional(images),
    }),
    {},
  ),
});

const CRI = /^((io\.containerd\.grpc\.v1\.)?cri|io\.containerd\.cri\.v1\.images)$/;

/** Null when it cannot be understood. */
export function parseContainerdConfig(toml: string): ContainerdConfig | null {
  let value: unknown;
  try {
    value = Bun.TOML.parse(toml);
  } catch {
    return null; // The caller tells of it.
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) return null;
  const { imports, disabled_plugins: disabled, plugins } = parsed.output;
  const { "io.containerd.grpc.v1.cri": old, "io.containerd.cri.v1.images": current } = plugins;
  const { config_path: configPath, mirrors } = current?.registry ?? old.registry;
  return {
    isWithoutKubernetes: disabled.some((name) => CRI.test(name)),
    configPath,
    mirrors: Object.fromEntries(Object.entries(mirrors).map(([host, { endpoint }]) => [host, endpoint])),
    pullsItself: current?.use_local_image_pull ?? false,
    sandboxImage: current?.pinned_images.sandbox ?? old.sandbox_image ?? null,
    imports,
  };
}
