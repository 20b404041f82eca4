import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Clock } from "../../lib/async/clock.ts";
import { Turns } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { parseTag } from "../../oci/tag.ts";
import { nameOf } from "../../oci/repository.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { clientOf, NAMESPACE, PATH } from "../../upstream/registry.fixture.ts";
import { startWebServer, type WebServer } from "../../upstream/transport/web-server.fixture.ts";
import type { FoundManifest, PullContext } from "./origin.ts";
import { RecentFailures } from "./recent-failures.ts";
import { BestEffortWrites } from "./best-effort-writes.ts";
import { TrafficCounter } from "./traffic.ts";
import { NO_IMAGE_RULES } from "../names/image-rules.ts";
import { guardWithoutRules } from "./signature-guard.fixture.ts";
import { UpstreamManifests } from "./upstream-manifests.ts";
import { Upstreams } from "./upstreams.ts";

const YEAR_MS = 365 * 24 * 3600 * 1000;
const TAG = parseTag("v1");
const repository = { namespace: NAMESPACE, path: PATH };

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
function opened({ tagLifetimeMs = 60_000, turns = new Turns(), rules = NO_IMAGE_RULES } = {}) {
  const metadata = memoryMetadata();
  const client = clientOf(server.url, { limits: { retries: 0 } });
  const upstreams = new Upstreams(
    [{ namespace: NAMESPACE, client, tagLifetimeMs, isUnverified: false, clientCertificate: null, clientOf: null }],
    false,
  );
  const log = new LineLog(() => {}, "error", Date.now);
  const live: Clock = { now: () => clock.now(), elapsed: () => clock.elapsed() };
  const failures = new RecentFailures(log, live.elapsed);
  const bestEffort = new BestEffortWrites(log, live.elapsed);
  const origin = new UpstreamManifests(
    upstreams,
    metadata,
    new TrafficCounter(),
    { failures, bestEffort, log, rules: () => rules, guard: guardWithoutRules() },
    turns,
    live,
  );
  return async (context: PullContext = { via: null }): Promise<FoundManifest | null> =>
    origin.tag(repository, TAG, await metadata.tags.getTagged(nameOf(repository), TAG), context);
}

/** How manifests have been asked for since it was called last. */
function methods(): readonly string[] {
  const asked = server.requests.splice(0).filter(({ url }) => url.pathname.includes("/manifests/"));
  return asked.map(({ method }) => method);
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

describe("an upstream that refuses HEAD", () => {
  const refusals = [400, 403, 404, 405, 406, 501, 503] as const;
  test.each(refusals)("with %i is asked by GET, and a tag that moved there is not frozen", async (status) => {
    const pull = opened({ tagLifetimeMs: 0 });
    server.handle = (request) =>
      request.method === "HEAD" ? new Response(null, { status }) : answer(request, current);
    await pull();
    expect(methods()).toEqual(["GET"]);
    expect(await pull()).toMatchObject({ manifest: { bytes: current }, warning: null });
    expect(methods()).toEqual(["HEAD", "GET"]);
    current = indexOf("second");
    expect(await pull()).toMatchObject({ manifest: { bytes: current }, warning: null });
    // What comes and goes is tried again; what is refused for good is not asked for a while.
    expect(methods()).toEqual(status === 503 ? ["HEAD", "GET"] : ["GET"]);
    clock.elapsed = () => 2 * 3_600_000;
    await pull();
    expect(methods()).toEqual(["HEAD", "GET"]);
  });

  test("by a redirect to a URL that is signed for GET alone is asked by GET as well", async () => {
    const pull = opened({ tagLifetimeMs: 0 });
    server.handle = (request) => {
      if (request.url.includes("/v2/")) return Response.redirect(`${server.url}/signed`, 307);
      return request.method === "HEAD"
        ? new Response("SignatureDoesNotMatch", { status: 403 })
        : answer(request, current);
    };
    await pull();
    current = indexOf("second");
    expect(await pull()).toMatchObject({ manifest: { bytes: current }, warning: null });
  });

  test.each([401, 429])("because of who asks, with %i, is not asked by GET", async (status) => {
    const pull = opened({ tagLifetimeMs: 0 });
    await pull();
    methods();
    const before = current;
    current = indexOf("second");
    server.handle = (request) =>
      request.method === "HEAD" ? new Response(null, { status }) : answer(request, current);
    const found = await pull();
    expect(found?.manifest.bytes).toEqual(before);
    expect(found?.warning).toContain(`answered ${status}`);
    expect(methods()).not.toContain("GET");
  });
});

test("a manifest of thousands of entries is read in many turns, between which others have theirs", async () => {
  let rounds = 0;
  const nextRound = (callback: () => void) => {
    rounds++;
    setImmediate(callback);
  };
  const pull = opened({ turns: new Turns({ turnMs: 0, nextRound }) });
  const entry = { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf("image"), size: 1 };
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: Array.from({ length: 20_000 }, () => entry),
  };
  current = Buffer.from(JSON.stringify(index));
  expect((await pull())?.manifest.bytes).toEqual(current);
  expect(rounds).toBeGreaterThan(500);
});
