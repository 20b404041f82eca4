import { expect, test } from "bun:test";
import { settingsOfEnvironment } from "./environment-settings.ts";

test("registry:2's variables mean the same here", () => {
  expect(
    settingsOfEnvironment({
      REGISTRY_HTTP_ADDR: ":80",
      REGISTRY_STORAGE_DELETE_ENABLED: "true",
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/var/lib/registry",
      PATH: "/bin",
    }),
  ).toEqual({ http: [{ host: null, port: 80 }], deletes: true, data: "/var/lib/registry" });
  expect(settingsOfEnvironment({ REGISTRY_HTTP_ADDR: "" })).toEqual({});
});

test("a certificate makes HTTPS of the one address, and of nothing else", () => {
  const files = { REGISTRY_HTTP_TLS_CERTIFICATE: "/c", REGISTRY_HTTP_TLS_KEY: "/k" };
  const tls = { mode: "files" as const, certPath: "/c", keyPath: "/k" };
  expect(settingsOfEnvironment({ ...files, REGISTRY_HTTP_ADDR: ":443" })).toEqual({
    http: [],
    https: [{ host: null, port: 443 }],
    tls,
  });
  expect(settingsOfEnvironment(files)).toEqual({ http: [], https: [{ host: null, port: 5000 }], tls });
  expect(() => settingsOfEnvironment({ REGISTRY_HTTP_TLS_KEY: "/k" })).toThrow("needs REGISTRY_HTTP_TLS_CERTIFICATE");
});

test("a value that is none is refused by the variable's name", () => {
  expect(() => settingsOfEnvironment({ REGISTRY_HTTP_ADDR: "80" })).toThrow("REGISTRY_HTTP_ADDR");
  expect(() => settingsOfEnvironment({ REGISTRY_STORAGE_DELETE_ENABLED: "perhaps" })).toThrow("DELETE_ENABLED");
});
