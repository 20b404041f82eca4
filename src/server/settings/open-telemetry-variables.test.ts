import { describe, expect, test } from "bun:test";
import { readSettings } from "../sources/read-settings.ts";
import type { TracingSettings } from "./settings.ts";

type Environment = Readonly<Record<string, string>>;

async function read(
  environment: Environment,
): Promise<{ tracing: TracingSettings | null; warnings: readonly string[] }> {
  const { settings, notices } = await readSettings({ file: null, flags: new Map(), environment });
  return { tracing: settings.tracing, warnings: notices.map(({ message }) => message) };
}

const AT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

describe("where traces go", () => {
  for (const [environment, endpoint] of [
    [{}, null],
    [{ OTEL_SERVICE_NAME: "x", OTEL_TRACES_SAMPLER: "always_on" }, null],
    [AT, "http://collector:4318/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c/otlp/" }, "https://c/otlp/v1/traces"],
    // This one is the whole of it, as it stands.
    [{ ...AT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c:4318/" }, "http://c:4318/"],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c:4318/x/v1/traces" }, "http://c:4318/x/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, null],
    [{ OTEL_TRACES_EXPORTER: "otlp" }, "http://localhost:4318/v1/traces"],
    [{ ...AT, OTEL_TRACES_EXPORTER: "none" }, null],
    [{ ...AT, OTEL_SDK_DISABLED: "TRUE" }, null],
    [{ ...AT, OTEL_SDK_DISABLED: "1" }, "http://collector:4318/v1/traces"],
    [{ ...AT, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, "http://collector:4318/v1/traces"],
    [{ ...AT, LARDER_TRACING_ENDPOINT: "http://own:4318" }, "http://own:4318/v1/traces"],
    [{ LARDER_TRACING_ENDPOINT: "http://own:4318", OTEL_SDK_DISABLED: "true" }, null],
  ] as const satisfies readonly (readonly [Environment, string | null])[]) {
    test(JSON.stringify(environment), async () => {
      const { tracing, warnings } = await read(environment);
      expect([tracing?.endpoint ?? null, warnings]).toEqual([endpoint, []]);
    });
  }
});

describe("what is not understood is said, fails no start, and quotes no secret", () => {
  for (const [environment, warning] of [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT is no URL"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://me:hush@c:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT is no URL"],
    [{ ...AT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "OTEL_EXPORTER_OTLP_PROTOCOL asks for another protocol"],
    [{ ...AT, OTEL_TRACES_EXPORTER: "console" }, "OTEL_TRACES_EXPORTER names another exporter"],
    [{ ...AT, OTEL_EXPORTER_OTLP_HEADERS: "hush" }, "OTEL_EXPORTER_OTLP_HEADERS is no list of headers"],
    [{ ...AT, OTEL_EXPORTER_OTLP_HEADERS: "a=hush%0d%0ab" }, "OTEL_EXPORTER_OTLP_HEADERS is no list of headers"],
    [{ ...AT, OTEL_EXPORTER_OTLP_HEADERS: "host=hush" }, "OTEL_EXPORTER_OTLP_HEADERS is no list of headers"],
    [{ ...AT, OTEL_EXPORTER_OTLP_TIMEOUT: "10s" }, "OTEL_EXPORTER_OTLP_TIMEOUT is no number"],
    [{ ...AT, OTEL_EXPORTER_OTLP_COMPRESSION: "zstd" }, "OTEL_EXPORTER_OTLP_COMPRESSION is neither"],
    [{ ...AT, OTEL_RESOURCE_ATTRIBUTES: "a=1,b" }, "OTEL_RESOURCE_ATTRIBUTES is no list"],
    [{ ...AT, OTEL_TRACES_SAMPLER: "jaeger_remote" }, "OTEL_TRACES_SAMPLER is"],
    [
      { ...AT, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" },
      "OTEL_TRACES_SAMPLER_ARG is no share",
    ],
  ] as const satisfies readonly (readonly [Environment, string])[]) {
    test(JSON.stringify(environment), async () => {
      const { warnings } = await read(environment);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toStartWith(warning);
      expect(warnings[0]).not.toContain("hush");
    });
  }

  test("nothing is said of variables that are meant for others, where nothing is traced", async () => {
    const others = {
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_TRACES_SAMPLER: "xray",
      OTEL_EXPORTER_OTLP_TIMEOUT: "x",
    };
    expect((await read(others)).warnings).toEqual([]);
  });
});

test("all that the variables say is taken", async () => {
  const { tracing } = await read({
    ...AT,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a%3Db, x-tenant = 7 ",
    OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca.pem",
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "/c.pem",
    OTEL_EXPORTER_OTLP_CLIENT_KEY: "/k.pem",
    OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment.name=pro%20duction",
    OTEL_SERVICE_NAME: "mine",
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
  });
  expect(tracing).toEqual({
    endpoint: "http://collector:4318/v1/traces",
    headers: { authorization: "Bearer a=b", "x-tenant": "7" },
    headersFile: null,
    share: 0.25,
    followsClients: false,
    perSecond: 100,
    serviceName: "mine",
    attributes: { "deployment.environment.name": "pro duction" },
    timeoutMs: 2500,
    isCompressed: false,
    caFile: "/ca.pem",
    clientCertFile: "/c.pem",
    clientKeyFile: "/k.pem",
  });
});

test("a variable for traces wins over the one for all signals, and the samplers are the specification's", async () => {
  const { tracing } = await read({ ...AT, OTEL_EXPORTER_OTLP_TIMEOUT: "1", OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2000" });
  expect([tracing?.timeoutMs, tracing?.share, tracing?.followsClients]).toEqual([2000, 1, true]);
  for (const [name, share, follows] of [
    ["always_on", 1, false],
    ["always_off", 0, false],
    ["traceidratio", 1, false],
    ["parentbased_always_on", 1, true],
    ["parentbased_always_off", 0, true],
    ["parentbased_traceidratio", 1, true],
  ] as const) {
    const said = (await read({ ...AT, OTEL_TRACES_SAMPLER: name })).tracing;
    expect([name, said?.share, said?.followsClients]).toEqual([name, share, follows]);
  }
});
