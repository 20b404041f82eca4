import * as v from "valibot";
import { parse } from "yaml";
import { fail } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import { type Route, type RuntimeSetup, tryOriginOf } from "./runtime-setup.ts";

const schema = v.object({
  mirrors: v.optional(v.record(v.string(), v.nullable(v.object({ endpoint: v.optional(v.array(v.string())) })))),
  configs: v.optional(
    v.record(
      v.string(),
      v.object({
        tls: v.optional(v.object({ ca_file: v.optional(v.string()), insecure_skip_verify: v.optional(v.boolean()) })),
      }),
    ),
  ),
});

/** What registries.yaml of k3s or RKE2 says; null when there is none. */
export async function readRancher(runtime: "k3s" | "rke2", files: NodeFiles): Promise<RuntimeSetup | null> {
  const path = `/etc/rancher/${runtime}/registries.yaml`;
  const text = await files.read(path);
  if (text === null) return null;
  try {
    const { mirrors = {}, configs = {} } = v.parse(schema, parse(text, { maxAliasCount: 100 }) ?? {});
    const routes = Object.entries(mirrors).flatMap(([registry, entry]) =>
      (entry?.endpoint ?? []).flatMap((url): readonly Route[] => {
        const origin = tryOriginOf(url);
        if (origin === null) return [];
        const tls = configs[origin.replace(/^https?:\/\//, "")]?.tls;
        const verifies = tls?.insecure_skip_verify !== true;
        return [{ registry, origins: [origin], caPath: tls?.ca_file ?? null, verifies, path }];
      }),
    );
    return { runtime, routes, isInEffect: true, problems: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const problem = fail(runtime, `${path} cannot be understood: ${reason}`, `correct it: ${runtime} does not start`);
    return { runtime, routes: [], isInEffect: true, problems: [problem] };
  }
}
