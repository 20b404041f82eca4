import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Clock } from "../lib/clock.ts";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { parseTag } from "../oci/tag.ts";
import { memoryMetadata } from "../storage/metadata-memory.ts";
import { LineLog } from "../telemetry/log.ts";
import { clientOf, NAMESPACE, PATH } from "../upstream/registry.fixture.ts";
import { startWebServer, type WebServer } from "../upstream/web-server.fixture.ts";
import { nameOf } from "./candidates.ts";
import type { FoundManifest, OnBehalf } from "./origin.ts";
import { SpareWrites } from "./spare-writes.ts";
import { TrafficCounter } from "./traffic.ts";
import { UpstreamManifests } from "./upstream-manifests.ts";
import { Upstreams } from "./upstreams.ts";

const YEAR_MS = 365 * 24 * 3600 * 1000;
const TAG = parseTag("v1");
const target = { namespace: NAMESPACE, path: PATH };

let server: WebServer;
let clock: { -readonly [Key in keyof Clock]: Clock[Key] };
/** What upstream has under the tag. */
let current: Uint8Array;

beforeEach(() => {
  current = indexOf("first");
  clock = { now: () => 1e12, elapsed: () => 0 };
  server = startWebServer((request) => answer(request, current));
});
afterEach(() => server.stop());

function indexOf(build: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [], annotations: { build } }),
  );
}

function answer(request: Request, bytes: Uint8Array): Response {
  const headers = { "content-type": MEDIA_TYPE.ociIndex, "docker-content-digest": digestOf(bytes) };
  if (request.method !== "HEAD") return new Response(bytes as Uint8Array<ArrayBuffer>, { headers });
  return new Response(null, { headers: { ...headers, "content-length": String(bytes.byteLength) } });
}

/** What an origin over the server answers for the tag, as the registry asks it. */
function opened({ tagLifetimeMs = 60_000 } = {}) {
  const metadata = memoryMetadata();
  const client = clientOf(server.url, { limits: { retries: 0 } });
  const upstreams = new Upstreams([{ namespace: NAMESPACE, client, tagLifetimeMs }], false);
  const log = new LineLog(() => {}, "error", Date.now);
  const live: Clock = { now: () => clock.now(), elapsed: () => clock.elapsed() };
  const origin = new UpstreamManifests(
    upstreams,
    metadata,
    new TrafficCounter(),
    new SpareWrites(log, live.elapsed),
    log,
    live,
  );
  return async (behalf: OnBehalf = { via: null }): Promise<FoundManifest | null> =>
    origin.tag(target, TAG, await metadata.tags.getTagged(nameOf(target), TAG), behalf);
}

describe("a clock that was wrong", () => {
  test("makes no tag current for years: one that was checked in the future is checked again", async () => {
    const pull = opened();
    const rightMs = clock.now();
    clock.now = () => rightMs + 4 * YEAR_MS;
    expect((await pull())?.manifest.bytes).toEqual(current);
    clock.now = () => rightMs;
    current = indexOf("second");
    expect((await pull())?.manifest.bytes).toEqual(current);
  });

  test("makes no absence last for years: what is remembered goes by a clock that nobody sets", async () => {
    const pull = opened();
    server.handle = () => new Response(null, { status: 404 });
    expect(await pull()).toBeNull();
    clock.now = () => 1e12 - 4 * YEAR_MS;
    clock.elapsed = () => 60_000;
    server.handle = (request) => answer(request, current);
    expect((await pull())?.manifest.bytes).toEqual(current);
  });
});
