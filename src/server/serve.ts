import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OwnMachineAccess, openAccess, type Writer } from "../auth/write-access.ts";
import { adminActions } from "../http/admin-actions.ts";
import { AdminApi } from "../http/admin-api.ts";
import { ImageCacher } from "../registry/image-cacher.ts";
import { ImageRemover } from "../registry/image-remover.ts";
import { Wholeness } from "../registry/wholeness.ts";
import { errorResponse } from "../http/error-response.ts";
import { DistributionApi } from "../http/distribution/distribution-api.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { Blobs } from "../registry/blobs.ts";
import type { SearchOrder } from "../registry/candidates.ts";
import { Catalog } from "../registry/catalog.ts";
import { Collector } from "../registry/collector.ts";
import { Inventory } from "../registry/inventory.ts";
import { Manifests } from "../registry/manifests.ts";
import { Referrers } from "../registry/referrers.ts";
import { Uploads } from "../registry/uploads.ts";
import { FilesystemBlobs } from "../storage/blobs-filesystem.ts";
import { openSqliteMetadata } from "../storage/metadata-sqlite.ts";
import { FilesystemUploads } from "../storage/uploads-filesystem.ts";
import { TrafficCounter } from "../registry/traffic.ts";
import { UpstreamBlobs } from "../registry/upstream-blobs.ts";
import { UpstreamManifests } from "../registry/upstream-manifests.ts";
import { newInstanceId } from "../upstream/loop-mark.ts";
import { openUpstreams, standInsOf } from "./open-upstreams.ts";
import type { Log } from "../telemetry/log.ts";
import { DataFolderLock } from "./data-folder-lock.ts";
import { HttpListener, type RequestHandler } from "./http-listener.ts";
import { identityOf } from "./own-names.ts";
import type { Settings } from "./settings.ts";

/** A running larder. */
export type RunningServer = {
  /** Where it listens. */
  readonly urls: readonly string[];
  /** The data folder, absolute. */
  readonly dataFolder: string;
  /** Takes no more requests, lets open ones end for `settings.shutdownMs`, then closes everything. */
  stop(): Promise<void>;
};

/** What a server needs from its process. */
export type ServerEnvironment = {
  readonly log: Log;
  readonly now: () => number;
  readonly version: string;
  /** The process's environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
};

/** Wires the parts and listens: the one place that knows concrete classes. Throws ListenError, DataFolderError. */
export async function serve(settings: Settings, environment: ServerEnvironment): Promise<RunningServer> {
  const { log } = environment;
  const dataFolder = resolve(settings.data);
  const lock = await DataFolderLock.take(dataFolder);
  await mkdir(join(dataFolder, "uploads"), { recursive: true });
  const metadata = openSqliteMetadata(join(dataFolder, "larder.db"));
  const { handle, collect } = compose(settings, environment, dataFolder, metadata);
  const listeners: HttpListener[] = [];
  const onFault = (error: unknown) => log.write("error", "a request failed", { error: String(error) });
  const timer = setInterval(collect, settings.gcIntervalMs);
  const close = async () => {
    clearInterval(timer);
    await Promise.all(listeners.map((listener) => listener.close()));
    await metadata.close();
    await lock.release();
  };
  try {
    for (const address of settings.http) listeners.push(new HttpListener(address, handle, onFault));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    urls: listeners.flatMap((listener) => listener.urls()),
    dataFolder,
    stop: async () => {
      await drain(listeners, settings.shutdownMs, log);
      await close();
    },
  };
}

function compose(
  settings: Settings,
  { log, now, version, variables }: ServerEnvironment,
  dataFolder: string,
  metadata: ReturnType<typeof openSqliteMetadata>,
): { handle: RequestHandler; collect: () => void } {
  const { manifests, tags, repositories, links, collection } = metadata;
  const order: SearchOrder = { ...settings, standIns: standInsOf(settings) };
  const blobs = new FilesystemBlobs(dataFolder);
  const uploadStore = new FilesystemUploads(dataFolder);
  const uploads = new Uploads(uploadStore, metadata, now);
  const instanceId = newInstanceId();
  const upstreams = openUpstreams(settings, { variables, instanceId, log, now });
  const traffic = new TrafficCounter();
  const origin = new UpstreamManifests(upstreams, { manifests, tags }, traffic, log, now);
  const blobOrigin = new UpstreamBlobs(upstreams, uploadStore, { links, collection }, traffic, log, now);
  const collector = new Collector(blobs, collection, uploads, now);
  const access = settings.open ? openAccess : new OwnMachineAccess(now);
  const reportFault = (error: unknown, request: Request) => {
    const { path } = splitUrl(request.url);
    const refused = error instanceof RegistryError;
    const [level, what] = refused
      ? (["warning", "a request was refused"] as const)
      : (["error", "a request failed"] as const);
    log.write(level, what, { method: request.method, path, error: refused ? error.message : describe(error) });
  };
  const registry = {
    identity: identityOf(order.standIns, settings.names, now),
    manifests: new Manifests({ store: manifests, tags, origin, blobOrigin, order, traffic, now }),
    blobs: new Blobs({ store: blobs, links, origin: blobOrigin, order, traffic, now }),
    uploads,
    catalog: new Catalog(tags, repositories, order),
    referrers: new Referrers(manifests, tags, origin, order),
  };
  const distribution = new DistributionApi(registry, {
    access,
    allowDeletes: settings.deletes,
    instanceId,
    reportFault,
  });
  const collectionLimits = { graceMs: settings.gcGraceMs, uploadExpiryMs: settings.uploadExpiryMs };
  const actions = adminActions({
    version,
    startedAtMs: now(),
    inventory: new Inventory(manifests, tags, repositories),
    collector,
    collectionLimits,
    cacher: new ImageCacher(registry.manifests, registry.blobs, registry.referrers),
    remover: new ImageRemover(manifests, tags, now),
    wholeness: new Wholeness(manifests, tags, registry.blobs, order),
    upstreams,
    traffic,
  });
  const admin = new AdminApi(actions, { access, reportFault });
  return {
    handle: requestHandler(distribution, admin),
    collect: () => {
      collector.collect(collectionLimits).then(
        ({ blobs, bytes }) => blobs > 0 && log.write("info", "collected unreferenced blobs", { blobs, bytes }),
        (error: unknown) =>
          log.write("error", "the collection of unreferenced blobs failed", { error: describe(error) }),
      );
    },
  };
}

/** Bun's largest idle timeout, in seconds: a transfer may pause for as long. */
const SLOW_TRANSFER_SECONDS = 255;

function requestHandler(distribution: DistributionApi, admin: AdminApi): RequestHandler {
  return (request, server) => {
    const { path, search } = splitUrl(request.url);
    const writer = (): Writer => ({
      address: server.requestIP(request)?.address ?? null,
      forwarded: request.headers.get("forwarded"),
      forwardedFor: request.headers.get("x-forwarded-for"),
    });
    const connection = { writer, allowSlowTransfer: () => server.timeout(request, SLOW_TRANSFER_SECONDS) };
    return (
      distribution.answer(request, path, search, connection) ??
      admin.answer(request, path, writer, connection.allowSlowTransfer) ??
      errorResponse(
        new RegistryError("NAME_UNKNOWN", `there is nothing at ${quoteBriefly(path)}; images are under /v2/`),
      )
    );
  };
}

/** The path and query of an absolute URL, without the cost of a URL object. */
function splitUrl(url: string): { path: string; search: string } {
  const slash = url.indexOf("/", url.indexOf("//") + 2);
  const question = url.indexOf("?", slash);
  return question < 0
    ? { path: url.slice(slash), search: "" }
    : { path: url.slice(slash, question), search: url.slice(question + 1) };
}

async function drain(listeners: readonly HttpListener[], limitMs: number, log: Log): Promise<void> {
  for (const listener of listeners) listener.stopListening();
  const open = () => listeners.reduce((sum, listener) => sum + listener.openRequests, 0);
  if (open() > 0) log.write("info", "waiting for open transfers", { open: open(), seconds: limitMs / 1000 });
  const until = performance.now() + limitMs;
  while (open() > 0 && performance.now() < until) await Bun.sleep(50);
  if (open() > 0) log.write("warning", "transfers were cut off", { open: open() });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
