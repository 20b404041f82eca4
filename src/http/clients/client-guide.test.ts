import { describe, expect, test } from "bun:test";
import { TEST_CA } from "../../clients/settings.fixture.ts";
import { clientTargets } from "../../clients/targets/targets.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { authorityOf, filesOf, targetsOf } from "./client-guide.ts";
import { type ServerKnowledge, viewOf } from "./client-request.ts";

const SERVER: ServerKnowledge = {
  standIns: ["docker.io", "quay.io"] as Namespace[],
  authorityPem: TEST_CA,
  sockets: [
    { scheme: "http", host: null, port: 80 },
    { scheme: "https", host: null, port: 443 },
  ],
  addresses: [],
  addressTowardsClient: "10.0.0.5",
};
const view = viewOf("http", "larder.lan", SERVER);

describe("the targets", () => {
  test("are all there, each with a reason for every way that cannot be had from here", () => {
    const { targets, origin } = targetsOf(viewOf("http", "larder.lan:5000", { ...SERVER, sockets: [] }));
    expect(origin).toBe("http://larder.lan:5000");
    expect(targets.map(({ name }) => name)).toEqual(clientTargets().map(({ name }) => name));
    const hosts = targets.find(({ name }) => name === "hosts");
    expect(hosts?.usual).toBeNull();
    expect(hosts?.ways[0]?.problem).toContain("port 80");
    const containerd = targets.find(({ name }) => name === "containerd");
    expect(containerd?.ways.map(({ mode, problem }) => [mode, problem === null])).toEqual([
      ["http", true],
      ["https", false],
      ["spoof", false],
    ]);
  });

  test("have files in each way that is said to be had, and none in the others", () => {
    for (const host of ["larder.lan", "10.0.0.5", "[fd00::5]"]) {
      const seen = viewOf("http", host, SERVER);
      for (const { name, ways } of targetsOf(seen).targets) {
        for (const { mode, problem } of ways) {
          if (problem === null) expect(filesOf(name, `mode=${mode}`, seen).files.length).toBeGreaterThan(0);
          else expect(() => filesOf(name, `mode=${mode}`, seen)).toThrow(problem);
        }
      }
    }
  });
});

test("a target's lines join, undo, and undo where larder is out of reach", () => {
  const search = "mode=https&fallback=no";
  expect(filesOf("nerdctl", search, view)).toMatchObject({
    name: "containerd",
    mode: "https",
    registry: "https://larder.lan",
    paths: { script: `/client/containerd.sh?${search}`, archive: `/client/containerd.tar?${search}` },
    join: `curl -fsS 'http://larder.lan/client/containerd.sh?${search}' | sh`,
    undo: `curl -fsS 'http://larder.lan/client/containerd.sh?${search}' | sh -s undo`,
    undoOnNode: "sh /var/lib/larder-client/containerd/undo.sh",
  });
  const talos = filesOf("talos", "", view);
  expect([talos.join, talos.undo]).toEqual(["curl -fsS http://larder.lan/client/talos.tar | tar -xv", null]);
});

test("the authority is known by the fingerprint that openssl prints", () => {
  const { authority } = authorityOf(view);
  expect(authority?.fingerprint).toMatch(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(authority?.validUntilMs).toBeGreaterThan(authority?.validFromMs ?? Infinity);
  expect(authorityOf(viewOf("http", "larder.lan", { ...SERVER, authorityPem: null })).authority).toBeNull();
});

test("what is wrong is said as the pages say it", () => {
  expect(() => filesOf("contanerd", "", view)).toThrow("did you mean containerd?");
  expect(() => filesOf("hosts", "mode=http", view)).toThrow("hosts cannot do mode http: use mode spoof");
  expect(() => filesOf("containerd", "stand-in=a%20b", view)).toThrow('"a b" is not a registry\'s host');
});
