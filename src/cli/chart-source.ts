import type { ChartSource, FetchedChart } from "../discovery/chart-source.ts";
import {
  type Namespace,
  type RepositoryPath,
  tryParseNamespace,
  tryParseRepositoryPath,
} from "../oci/repository-name.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { firstCredentials } from "../upstream/auth/credentials.ts";
import { dockerConfigCredentials } from "../upstream/auth/docker-config.ts";
import { ChartRepositories } from "../remote/charts/chart-repository.ts";
import { helmRegistryConfig, helmRepositories } from "../remote/charts/helm-repositories.ts";
import { type ChartRegistry, fetchOciChart, type OciChart } from "../remote/charts/oci-charts.ts";
import { connectRegistry } from "../remote/connect-registry.ts";
import { targetOfName } from "../remote/registry-side.ts";
import { connectAsRegistry } from "./registry-connection.ts";

type Flags = Readonly<Record<string, unknown>> & { readonly registry?: string };

/**
 * Charts for `--fetch`: those of OCI registries through the larder that verbs talk to, from the registry itself where
 * that has none or there is no larder; those of chart repositories from there.
 */
export function chartSource(flags: Flags, io: CommandIo): ChartSource {
  return new CommandCharts(flags, io);
}

class CommandCharts implements ChartSource {
  readonly #flags: Flags;
  readonly #io: CommandIo;
  #larder: Promise<{ readonly host: string; readonly client: ChartRegistry } | null> | null = null;
  #repositories: Promise<ChartRepositories> | null = null;
  readonly #direct = new Map<Namespace, Promise<ChartRegistry>>();

  constructor(flags: Flags, io: CommandIo) {
    this.#flags = flags;
    this.#io = io;
  }

  async fetch(
    { repository, name, version }: { repository: string; name: string; version: string | null },
    signal: AbortSignal,
  ): Promise<FetchedChart> {
    if (repository.startsWith("oci://"))
      return this.#fetchOci(repository.slice("oci://".length), name, version, signal);
    if (!/^https?:\/\//i.test(repository))
      throw new Error(`${JSON.stringify(repository)} is no place that charts are fetched from`);
    this.#repositories ??= helmRepositories(this.#io.environment).then((known) => new ChartRepositories(known));
    const archive = await (await this.#repositories).fetch(repository, name, version, signal);
    return { archive, artifact: null };
  }

  async #fetchOci(place: string, name: string, version: string | null, signal: AbortSignal): Promise<FetchedChart> {
    const [, host = "", folder = ""] = /^([^/]+)\/?(.*?)\/*$/.exec(place) ?? [];
    const namespace = tryParseNamespace(host);
    const path = tryParseRepositoryPath(folder === "" ? name : `${folder}/${name}`);
    if (namespace === null || path === null) throw new Error(`oci://${place}/${name} is not a valid reference`);
    const chart =
      (await this.#throughLarder(namespace, path, version, signal)) ??
      (await fetchOciChart(await this.#registry(namespace), path, version, signal));
    if (chart === null) throw new Error(`${host} has no chart ${path}${version === null ? "" : `:${version}`}`);
    const artifact = `${namespace}/${path}${chart.reference.includes(":") ? "@" : ":"}${chart.reference}`;
    return { archive: chart.archive, artifact };
  }

  /** Null when there is no larder, or it has no such chart and cannot get it: then the registry itself is asked. */
  async #throughLarder(
    namespace: Namespace,
    path: RepositoryPath,
    version: string | null,
    signal: AbortSignal,
  ): Promise<OciChart | null> {
    this.#larder ??= connectAsRegistry(this.#flags, this.#io).catch((error: unknown) => {
      if (error instanceof RegistryError) return null;
      throw error;
    });
    const larder = await this.#larder;
    const inLarder = tryParseRepositoryPath(larder?.host === namespace ? path : `${namespace}/${path}`);
    if (larder === null || inLarder === null) return null;
    try {
      return await fetchOciChart(larder.client, inLarder, version, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RegistryError) return null;
      throw error;
    }
  }

  #registry(namespace: Namespace): Promise<ChartRegistry> {
    const known = this.#direct.get(namespace);
    if (known !== undefined) return known;
    const connecting = this.#connect(namespace);
    this.#direct.set(namespace, connecting);
    return connecting;
  }

  async #connect(namespace: Namespace): Promise<ChartRegistry> {
    const { environment, signal } = this.#io;
    const side = { plainHttp: false, caFile: null, credentials: null };
    const target = await targetOfName(namespace, side, environment);
    const helms = helmRegistryConfig(environment);
    const sources = helms === null ? [] : [dockerConfigCredentials(helms, environment)];
    return connectRegistry({ ...target, credentials: firstCredentials([target.credentials, ...sources]) }, signal);
  }
}
