import { expect, test } from "bun:test";
import { ownVariables, registryVariables } from "./environment-settings.ts";
import { settingsFrom } from "./settings.ts";

type Environment = Readonly<Record<string, string>>;
function read(environment: Environment) {
  const problems: string[] = [];
  const given = registryVariables(environment, problems);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return given;
}
const said = (environment: Environment) =>
  Object.fromEntries([...read(environment)].map(([key, { value }]) => [key, value]));

test("registry:2's variables mean the same here", () => {
  expect(
    said({
      REGISTRY_HTTP_ADDR: ":80",
      REGISTRY_STORAGE_DELETE_ENABLED: "true",
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/var/lib/registry",
      PATH: "/bin",
    }),
  ).toEqual({ http: [{ host: null, port: 80 }], delete: true, data: "/var/lib/registry" });
  expect(said({ REGISTRY_HTTP_ADDR: "" })).toEqual({});
});

test("a certificate makes HTTPS of the one address, and of nothing else", () => {
  const files = { REGISTRY_HTTP_TLS_CERTIFICATE: "/c", REGISTRY_HTTP_TLS_KEY: "/k" };
  const tls = { "tls.cert": "/c", "tls.key": "/k" };
  expect(said({ ...files, REGISTRY_HTTP_ADDR: ":443" })).toEqual({
    http: [],
    https: [{ host: null, port: 443 }],
    ...tls,
  });
  expect(said(files)).toEqual({ http: [], https: [{ host: null, port: 5000 }], ...tls });
  expect(() => said({ REGISTRY_HTTP_TLS_KEY: "/k" })).toThrow("needs REGISTRY_HTTP_TLS_CERTIFICATE");
});

test("a value that is none is refused by the variable's name", () => {
  expect(() => said({ REGISTRY_HTTP_ADDR: "80" })).toThrow("REGISTRY_HTTP_ADDR");
  expect(() => said({ REGISTRY_STORAGE_DELETE_ENABLED: "perhaps" })).toThrow("DELETE_ENABLED");
});

test("larder's own variables are the keys: lists by commas or blanks, HOSTs by blanks", async () => {
  const problems: string[] = [];
  const given = await ownVariables(
    {
      LARDER_HTTP: ":80, 127.0.0.1:5000",
      LARDER_GC_GRACE: "2h",
      LARDER_OPEN: "yes",
      LARDER_STAND_IN: "quay.io registry-1.docker.io",
      LARDER_UPSTREAMS_ENDPOINT: "quay.io=http://10.0.0.9 ghcr.io=http://10.0.0.8",
      LARDER_UPSTREAMS_MIRRORS: "quay.io=http://a quay.io=http://b",
      LARDER_DATA: "",
      LARDER_SERVICE_HOST: "10.1.1.1",
      LARDER_PORT: "tcp://10.1.1.1:5000",
    },
    problems,
  );
  expect(problems).toEqual([]);
  expect([...given.values()].map(({ origin }) => origin.kind)).toEqual(Array.from({ length: 7 }, () => "variable"));
  const settings = settingsFrom(given);
  expect(settings).toMatchObject({ gcGraceMs: 7_200_000, open: true, data: "./larder-data" });
  expect([settings.http, settings.standIns.map(String)]).toEqual([
    [
      { host: null, port: 80 },
      { host: "127.0.0.1", port: 5000 },
    ],
    ["quay.io", "docker.io"],
  ]);
  expect(settings.upstreams).toMatchObject([
    { namespace: "quay.io", endpoint: "http://10.0.0.9", mirrors: ["http://a", "http://b"] },
    { namespace: "ghcr.io", endpoint: "http://10.0.0.8", mirrors: [] },
  ]);
});

test("a secret is not repeated when it cannot be read", async () => {
  const problems: string[] = [];
  await ownVariables({ LARDER_UPSTREAMS_PASSWORD: "hunter2" }, problems);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain("LARDER_UPSTREAMS_PASSWORD");
  expect(problems[0]).not.toContain("hunter2");
});
