import * as v from "valibot";
import { fail, type Finding } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import { type Route, tryOriginOf } from "./runtime-setup.ts";

const options = v.object({
  ca: v.optional(v.union([v.string(), v.array(v.string())])),
  skip_verify: v.optional(v.boolean()),
});
const schema = v.object({
  ...options.entries,
  server: v.optional(v.string()),
  host: v.optional(v.record(v.string(), options)),
});

/** The routes of `FOLDER/REGISTRY/hosts.toml`, as containerd and dockerd read them (containerd 2.1, docs/hosts.md). */
export async function readHostsToml(
  runtime: string,
  folder: string,
  files: NodeFiles,
): Promise<{ routes: readonly Route[]; problems: readonly Finding[] }> {
  const routes: Route[] = [];
  const problems: Finding[] = [];
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}/hosts.toml`;
    const text = await files.read(path);
    if (text === null) continue;
    const parsed = parse(text);
    if (parsed === null) {
      problems.push(fail(runtime, `${path} cannot be understood`, "write it anew: larder client lists the targets"));
    } else routes.push(...routesOf(name, path, parsed));
  }
  return { routes, problems };
}

function parse(text: string): v.InferOutput<typeof schema> | null {
  try {
    return v.parse(schema, Bun.TOML.parse(text));
  } catch {
    return null; // The caller tells of it.
  }
}

function routesOf(name: string, path: string, file: v.InferOutput<typeof schema>): readonly Route[] {
  const registry = name === "_default" ? "*" : name.replace(/_(\d+)_$/, ":$1");
  const hosts = Object.entries(file.host ?? {});
  const given = hosts.length > 0 || file.server === undefined ? hosts : [[file.server, file] as const];
  return given.flatMap(([url, { ca, skip_verify: skips }]) => {
    const origin = tryOriginOf(url);
    if (origin === null) return [];
    const caPath = (Array.isArray(ca) ? ca[0] : ca) ?? null;
    return [{ registry, origins: [origin], caPath, verifies: skips !== true, path }];
  });
}
