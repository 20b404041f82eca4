import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import { renderScript } from "../../clients/deliver/render-script.ts";
import { type ClientTarget, findClientTarget } from "../../clients/targets/targets.ts";
import { TEST_CA } from "../../clients/settings.fixture.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { clientSettingsOf, type ServerKnowledge, viewOf } from "./client-request.ts";

const SERVER: ServerKnowledge = {
  standIns: ["docker.io", "quay.io"] as Namespace[],
  authorityPem: TEST_CA,
  sockets: [
    { scheme: "http", host: null, port: 5000 },
    { scheme: "http", host: "127.0.0.1", port: 80 },
    { scheme: "https", host: null, port: 443 },
  ],
  addresses: [],
  addressTowardsClient: "10.0.0.5",
};
const containerd = findClientTarget("containerd") as ClientTarget;

describe("a client sees larder", () => {
  test("by the name and port that it used, and by the other sockets that it can reach by that name", () => {
    const { origin, settings } = viewOf("http", "larder.lan:5000", SERVER);
    expect(origin).toBe("http://larder.lan:5000");
    expect(settings.http).toEqual(["http://larder.lan:5000"]);
    expect(settings.https).toEqual(["https://larder.lan"]);
    expect(settings.addresses).toEqual(["10.0.0.5"]);
  });

  test("on this machine with the sockets of this machine", () => {
    expect(viewOf("http", "localhost:5000", SERVER).settings.http).toEqual([
      "http://localhost:5000",
      "http://localhost",
    ]);
  });

  test("by the address that it used, rather than by the one that the way back begins at", () => {
    expect(viewOf("https", "[fd00::5]", SERVER).settings.addresses).toEqual(["fd00::5"]);
  });

  test("by the addresses that the operator gave", () => {
    const { settings } = viewOf("http", "larder.lan:5000", { ...SERVER, addresses: ["192.0.2.7"] });
    expect(settings.addresses).toEqual(["192.0.2.7"]);
  });

  test("by an address when it came by a spoofed name", () => {
    expect(viewOf("http", "registry-1.docker.io", SERVER).origin).toBe("http://10.0.0.5");
  });

  test("at the port of a proxy that larder does not listen on itself", () => {
    const { origin, settings } = viewOf("https", "registry.example", { ...SERVER, sockets: [] });
    expect([origin, settings.https]).toEqual(["https://registry.example", ["https://registry.example"]]);
  });
});

describe("the query", () => {
  const view = viewOf("http", "10.0.0.5:5000", SERVER);

  test("chooses the mode, and with it the address", () => {
    expect(clientSettingsOf(containerd, "", view)).toMatchObject({ mode: "http", fallback: true, catchAll: false });
    const { registry, ca } = clientSettingsOf(containerd, "mode=https", view);
    expect([registry.scheme, registry.port, ca]).toEqual(["https", 443, TEST_CA]);
    expect(clientSettingsOf(containerd, "mode=spoof", view).registry.scheme).toBe("https");
  });

  test("narrows and widens", () => {
    const settings = clientSettingsOf(containerd, "stand-in=ghcr.io&stand-in=quay.io&all=yes&fallback=no", view);
    expect(settings).toMatchObject({ standIns: ["ghcr.io", "quay.io"], catchAll: true, fallback: false });
  });

  test.each([
    ["mod=https", '"mod" is no parameter here'],
    ["mode=tls", 'mode="tls" is none; write mode=http or mode=https or mode=spoof'],
    ["all=1", "write all=yes or all=no"],
    ["stand-in=a%20b", '"a b" is not a registry\'s host'],
    ["registry=http://evil.example", '"registry" is no parameter here'],
  ])("%s is refused", (search, message) => {
    expect(() => clientSettingsOf(containerd, search, view)).toThrow(message);
  });
});

test("no Host header writes anything into a script but a host and a port", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "a'; id; '",
      "a`id`",
      "$(id)",
      "a\nid",
      "a b",
      "[::1]\n",
      "x@y",
      "a/../b",
      "a:1:2",
      "a#",
      "é.example",
    ),
  );
  fc.assert(
    fc.property(hostile, fc.constantFrom("http" as const, "https" as const), (host, scheme) => {
      let script: string;
      try {
        script = renderScript(containerd, clientSettingsOf(containerd, "", viewOf(scheme, host, SERVER)));
      } catch (error) {
        expect(error).toBeInstanceOf(ClientSettingsError);
        return;
      }
      const plain = host.toLowerCase().replace(/:\d+$/, "").replace(/\/$/, "");
      expect(plain).toMatch(/^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])$/);
      expect(script).toContain(scheme);
    }),
  );
});
