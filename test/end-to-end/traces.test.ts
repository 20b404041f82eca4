/** Traces of pulls and pushes, as a collector takes them. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Image, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { startOtlpReceiver, type TakenSpan } from "./otlp-receiver.ts";

const HOST = "upstream.test";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const ASKED = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=1" };

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A registry that wants a token, and keeps blobs elsewhere, under URLs that are signed. */
function startUpstream(image: Image) {
  const seen: { readonly place: string; readonly headers: Headers }[] = [];
  const contents = [image.manifest, ...image.blobs];
  const elsewhere = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url, headers }) => {
      seen.push({ place: "elsewhere", headers });
      const blob = contents.find(({ digest }) => url.includes(digest));
      return blob === undefined ? new Response(null, { status: 404 }) : new Response(blob.bytes);
    },
  });
  const registry = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url, headers }) => {
      const { pathname, origin } = new URL(url);
      seen.push({ place: pathname === "/token" ? "token" : "registry", headers });
      if (pathname === "/token") return Response.json({ token: "hush-token", expires_in: 300 });
      if (headers.get("authorization") !== "Bearer hush-token") {
        const challenge = `Bearer realm="${origin}/token",service="s",scope="repository:team/app:pull"`;
        return new Response(null, { status: 401, headers: { "WWW-Authenticate": challenge } });
      }
      if (pathname.includes("/blobs/")) {
        const location = `http://127.0.0.1:${elsewhere.port}/${pathname.split("/").at(-1)}?X-Amz-Signature=hush-signature`;
        return new Response(null, { status: 307, headers: { Location: location } });
      }
      const { bytes, digest, mediaType } = image.manifest;
      return new Response(bytes, { headers: { "Content-Type": mediaType, "Docker-Content-Digest": digest } });
    },
  });
  stops.push(
    () => registry.stop(true),
    () => elsewhere.stop(true),
  );
  return { url: `http://127.0.0.1:${registry.port}`, seen };
}

async function start(environment: Readonly<Record<string, string>>): Promise<{
  readonly larder: LarderProcess;
  readonly image: Image;
  readonly seen: ReturnType<typeof startUpstream>["seen"];
}> {
  const image = makeImage();
  const upstream = startUpstream(image);
  const larder = await startLarder({
    arguments: ["--upstream", `${HOST}=${upstream.url}`, "--open", "--log-format", "json"],
    environment: {
      LARDER_UPSTREAMS_USERNAME: `${HOST}=hush-user`,
      LARDER_UPSTREAMS_PASSWORD: `${HOST}=hush-password`,
      ...environment,
    },
  });
  stops.push(() => larder.stop());
  return { larder, image, seen: upstream.seen };
}

async function pull({ url }: LarderProcess, { blobs }: Image, headers: Record<string, string>): Promise<void> {
  const ask = async (what: string) => {
    const reply = await send("GET", `${url}/v2/team/app/${what}?ns=${HOST}&secret=hush-query`, { headers });
    expect(reply.status).toBe(200);
  };
  await ask("manifests/1");
  for (const { digest } of blobs) await ask(`blobs/${digest}`);
}

/** The spans from the first to this one. */
function wayTo(span: TakenSpan, spans: readonly TakenSpan[]): readonly string[] {
  const above = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [...(above === undefined ? [] : wayTo(above, spans)), span.name];
}

test("a pull is a trace from the client's span to the upstream's requests, without a secret", async () => {
  const receiver = startOtlpReceiver();
  stops.push(receiver.stop);
  const { larder, image, seen } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=hush-tenant",
  });
  await pull(larder, image, { ...ASKED, Authorization: "Bearer hush-client" });
  await pushImage(larder.url, "mine", makeImage(), "1");
  await send("GET", `${larder.url}/v2/nothing/manifests/1`);
  await send("GET", `${larder.url}/metrics`);
  // What is left goes out at the stop.
  await larder.stop();
  const { spans, problems, texts, headers } = receiver;
  expect(problems).toEqual([]);
  expect(headers[0]?.get("x-tenant")).toBe("hush-tenant");

  const pulled = spans.filter(({ traceId }) => traceId === TRACE);
  const roots = pulled.filter(({ parentSpanId }) => parentSpanId === PARENT);
  expect(roots).toHaveLength(1 + image.blobs.length);
  expect(roots.every(({ flags, kind, traceState }) => flags === 0x301 && kind === 2 && traceState === "vendor=1")).toBe(
    true,
  );
  const manifest = roots.find(({ name }) => name === "GET /v2/{name}/manifests/{reference}");
  expect(manifest?.attributes).toMatchObject({
    "http.request.method": "GET",
    "http.route": "/v2/{name}/manifests/{reference}",
    "http.response.status_code": 200,
    "url.path": "/v2/team/app/manifests/1",
    "url.scheme": "http",
    "server.address": "127.0.0.1",
    "client.address": "127.0.0.1",
    "larder.repository": `${HOST}/team/app`,
    "larder.reference": "1",
    "larder.source": "upstream",
    "larder.upstream": HOST,
  });
  const ways = pulled.map((span) => wayTo(span, pulled).join(" > "));
  const [toManifest, toBlob] = ["GET /v2/{name}/manifests/{reference}", "GET /v2/{name}/blobs/{digest}"];
  expect(ways).toContain(`${toManifest} > look for manifest > fetch token > GET`);
  expect(ways).toContain(`${toManifest} > look for manifest > GET`);
  expect(ways).toContain(`${toManifest} > look for manifest > write to the database`);
  expect(ways).toContain(`${toBlob} > download blob > store blob`);
  expect(ways).toContain(`${toBlob} > GET`);
  const asked = pulled.filter(({ kind }) => kind === 3).map(({ attributes }) => attributes);
  expect(asked.map((one) => one["http.response.status_code"])).toContain(307);
  // The route that one of larder's own is asked by is its name, and what is not there is no failure of a server.
  const missing = spans.find(({ attributes }) => attributes["larder.error_code"] === "MANIFEST_UNKNOWN");
  expect([missing?.attributes["http.response.status_code"], missing?.status]).toEqual([404, undefined]);
  expect(spans.some(({ name }) => name === "PUT /v2/{name}/blobs/uploads/{id}")).toBe(true);
  expect(spans.some(({ attributes }) => attributes["url.path"] === "/metrics")).toBe(false);

  expect(texts.join("")).not.toMatch(/hush/);
  expect(larder.output()).not.toMatch(/hush/);
  const lines = larder
    .output()
    .split("\n")
    .filter((line) => line.includes(TRACE));
  expect(lines).toHaveLength(roots.length);
  expect(new Set(lines.map((line) => JSON.parse(line).spanId))).toEqual(new Set(roots.map(({ spanId }) => spanId)));
  // Nobody else is told of it.
  expect(seen.filter(({ headers: sent }) => sent.has("traceparent") || sent.has("tracestate"))).toEqual([]);
}, 60_000);

test("a registry is told of the trace where the settings say so, and those that it leads to are not", async () => {
  const receiver = startOtlpReceiver();
  stops.push(receiver.stop);
  const { larder, image, seen } = await start({
    LARDER_TRACING_ENDPOINT: receiver.endpoint,
    LARDER_UPSTREAMS_TRACE: `${HOST}=true`,
  });
  await pull(larder, image, ASKED);
  await larder.stop();
  const told = seen.filter(({ headers }) => headers.has("traceparent"));
  // Elsewhere, here, is the same host at another port, which a registry's token service may be as well.
  expect(told.some(({ place }) => place === "registry")).toBe(true);
  const ids = new Set(
    receiver.spans.filter(({ kind }) => kind === 3).map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`),
  );
  for (const { headers } of told) expect(ids).toContain(headers.get("traceparent") ?? "");
  expect(told[0]?.headers.get("tracestate")).toBe("vendor=1");
}, 60_000);

test("whoever takes traces may fail: pulls go on, what is lost is counted, and the stop is quick", async () => {
  const receiver = startOtlpReceiver();
  stops.push(receiver.stop);
  receiver.answerWith(() => new Response("no", { status: 400 }));
  const { larder, image } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  await pull(larder, image, ASKED);
  const metric = async (name: string) => {
    const text = await (await fetch(`${larder.url}/metrics`)).text();
    return Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  };
  await until("spans were lost", async () => (await metric('larder_trace_spans_total{result="failed"}')) > 0, 30_000);
  expect(await metric("larder_traces_failing")).toBe(1);
  expect(larder.output()).toContain("traces are not taken");
  receiver.answerWith(null);
  await pull(larder, image, ASKED);
  await until("spans are taken", async () => (await metric('larder_trace_spans_total{result="sent"}')) > 0, 30_000);
  expect(larder.output()).toContain("traces are taken again");
}, 90_000);

const jaeger = requirement("go:jaeger");
describe.skipIf(!jaeger.met)("OpenTelemetry's collector, as Jaeger has it", () => {
  let folder: string;
  let query: string;
  let endpoint: string;
  let end: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-jaeger-"));
    const [otlp, http, grpc] = [freePort(), freePort(), freePort()];
    [query, endpoint] = [`http://127.0.0.1:${http}`, `http://127.0.0.1:${otlp}`];
    await Bun.write(join(folder, "jaeger.yaml"), JSON.stringify(configuration(otlp, http, grpc)));
    const argv = [findGoProgram("jaeger") ?? "", "--config", join(folder, "jaeger.yaml")];
    const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    end = async () => {
      child.kill();
      await child.exited;
      await rm(folder, { recursive: true });
    };
    await until("Jaeger answers", async () => (await fetch(query).catch(() => null))?.ok === true, 60_000);
  }, 90_000);
  afterAll(() => end());

  test("takes every span, and shows the trace that the client began", async () => {
    const { larder, image } = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_SERVICE_NAME: "our-registry",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=lab",
    });
    await pull(larder, image, ASKED);
    await larder.stop();
    type Span = {
      readonly operationName: string;
      readonly tags: readonly { readonly key: string; readonly value: unknown }[];
    };
    type Trace = {
      readonly spans: readonly Span[];
      readonly processes: Readonly<Record<string, { serviceName: string; tags: Span["tags"] }>>;
    };
    const trace = async (): Promise<Trace | null> => {
      const response = await fetch(`${query}/api/traces/${TRACE}`);
      return response.ok ? (((await response.json()) as { data: Trace[] }).data[0] ?? null) : null;
    };
    await until("Jaeger knows the trace", async () => (await trace()) !== null, 30_000);
    const { spans, processes } = (await trace()) as Trace;
    expect(spans.filter(({ operationName }) => operationName === "download blob")).toHaveLength(image.blobs.length);
    const [service] = Object.values(processes);
    expect(service?.serviceName).toBe("our-registry");
    expect(service?.tags).toContainEqual({ key: "deployment.environment.name", type: "string", value: "lab" } as never);
    const manifest = spans.find(({ operationName }) => operationName.startsWith("GET /v2/{name}/manifests"));
    expect(manifest?.tags).toContainEqual({ key: "http.response.status_code", type: "int64", value: 200 } as never);
  }, 60_000);
});

function configuration(otlp: number, http: number, grpc: number): object {
  const at = (port: number) => ({ endpoint: `127.0.0.1:${port}` });
  return {
    service: {
      extensions: ["jaeger_storage", "jaeger_query"],
      pipelines: { traces: { receivers: ["otlp"], exporters: ["jaeger_storage_exporter"] } },
      telemetry: { metrics: { level: "none" } },
    },
    extensions: {
      jaeger_query: { storage: { traces: "memory" }, http: at(http), grpc: at(grpc) },
      jaeger_storage: { backends: { memory: { memory: { max_traces: 1000 } } } },
    },
    receivers: { otlp: { protocols: { http: at(otlp) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: "memory" } },
  };
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
