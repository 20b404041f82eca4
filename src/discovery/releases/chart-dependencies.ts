/** A chart's dependencies that it does not carry. Source: Helm v3.18, "Chart Dependencies". */
import { join } from "node:path";
import { parse } from "yaml";
import type { ChartLocation } from "../found/found-image.ts";
import { type ChartFiles, readChartFolder } from "../helm/chart-files.ts";

const DEPENDENCY_LIMIT = 100;

/**
 * The chart's files with the charts that it depends on below `charts/`: those of `file://` from beside `folder` (null: it
 * has none), others by `fetch` (null: they stay missing). What cannot be had stays missing; `onFailure` is told
 * why.
 */
export async function addDependencies(
  files: ChartFiles,
  folder: string | null,
  fetch: ((chart: ChartLocation) => Promise<ChartFiles>) | null,
  onFailure: (name: string, error: unknown) => void,
): Promise<ChartFiles> {
  const whole = new Map(files);
  for (const { name, version, repository } of dependenciesOf(files).slice(0, DEPENDENCY_LIMIT)) {
    if (whole.has(`charts/${name}/Chart.yaml`)) continue;
    // A chart that is carried may lie in a folder of another name.
    if ([...whole].some(([path, text]) => /^charts\/[^/]+\/Chart\.yaml$/.test(path) && nameOf(text) === name)) continue;
    const chart = await obtain({ name, version, repository, values: [] }, folder, fetch).catch((error: unknown) => {
      onFailure(name, error);
      return null;
    });
    for (const [path, text] of chart ?? []) whole.set(`charts/${name}/${path}`, text);
  }
  return whole;
}

function obtain(
  chart: ChartLocation,
  folder: string | null,
  fetch: ((chart: ChartLocation) => Promise<ChartFiles>) | null,
): Promise<ChartFiles | null> {
  const local = /^file:\/\/(.+)$/.exec(chart.repository)?.[1];
  if (local !== undefined && folder !== null) return readChartFolder(join(folder, local));
  const isRemote = /^(?:https?|oci):\/\//.test(chart.repository);
  return fetch === null || !isRemote ? Promise.resolve(null) : fetch(chart);
}

type Declared = { readonly name: string; readonly version: string | null; readonly repository: string };

function dependenciesOf(files: ChartFiles): Declared[] {
  const sources = [read(files.get("Chart.yaml")), read(files.get("requirements.yaml"))];
  return sources.flatMap((source) => {
    const list = (source as { readonly dependencies?: unknown } | null)?.dependencies;
    return (Array.isArray(list) ? (list as unknown[]) : []).flatMap((entry): Declared[] => {
      const { name, version, repository } = (entry ?? {}) as Record<string, unknown>;
      if (typeof name !== "string" || !/^[\w.-]+$/.test(name) || typeof repository !== "string") return [];
      return [{ name, repository, version: typeof version === "string" ? version : null }];
    });
  });
}

function nameOf(text: string): unknown {
  return (read(text) as { readonly name?: unknown } | null)?.name;
}

function read(text: string | undefined): unknown {
  try {
    return text === undefined ? null : parse(text, { logLevel: "silent", uniqueKeys: false });
  } catch {
    // The chart's reader says what is broken.
    return null;
  }
}
