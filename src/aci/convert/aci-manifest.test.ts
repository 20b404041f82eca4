import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AciError } from "../aci-error.ts";
import { type AciManifest, buildManifest } from "./aci-manifest.ts";
import { aciNameAt, isIdentifier, toAcName, toIdentifier } from "../aci-name.ts";
import { parseImageConfig } from "./image-config.ts";

const ORIGIN = {
  name: "quay.io/coreos/flannel",
  version: "0.5.5",
  originalName: "quay.io/coreos/flannel:0.5.5",
  registry: "quay.io",
  repository: "coreos/flannel",
  manifestDigest: "sha256:abc",
};

function manifestOf(config: object, image: object = {}): AciManifest {
  const bytes = Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", ...image, config }));
  return buildManifest(parseImageConfig(bytes), bytes, ORIGIN);
}

const appOf = (config: object) => manifestOf(config).app;

describe("a manifest", () => {
  test("holds all that the config says", () => {
    const manifest = manifestOf(
      {
        Entrypoint: ["/entry"],
        Cmd: ["a", "b c"],
        User: "app:staff",
        Env: ["PATH=/bin", "EMPTY=", "A.b-C_d=x=y", "PATH=/sbin"],
        WorkingDir: "/srv",
        Volumes: { "/var/lib/x": {}, "/data": {} },
        ExposedPorts: { "8080/tcp": {}, "53/udp": {}, "9000-9001": {} },
        Labels: { b: "2", a: "1" },
      },
      { created: "2016-05-04T03:02:01.5Z", author: "someone" },
    );
    expect(manifest).toMatchObject({
      acKind: "ImageManifest",
      acVersion: "0.8.11",
      name: "quay.io/coreos/flannel",
      labels: [
        { name: "arch", value: "amd64" },
        { name: "os", value: "linux" },
        { name: "version", value: "0.5.5" },
      ],
      app: {
        exec: ["/entry", "a", "b c"],
        user: "app",
        group: "staff",
        workingDirectory: "/srv",
        environment: [
          { name: "PATH", value: "/sbin" },
          { name: "EMPTY", value: "" },
          { name: "A.b-C_d", value: "x=y" },
        ],
        mountPoints: [
          { name: "volume-data", path: "/data" },
          { name: "volume-var-lib-x", path: "/var/lib/x" },
        ],
        userLabels: { a: "1", b: "2" },
      },
    });
    expect(manifest.app?.ports?.map(({ name, port, protocol }) => [name, port, protocol])).toEqual([
      ["53-udp", 53, "udp"],
      ["8080-tcp", 8080, "tcp"],
      ["9000-tcp", 9000, "tcp"],
      ["9001-tcp", 9001, "tcp"],
    ]);
    const annotations = Object.fromEntries((manifest.annotations ?? []).map(({ name, value }) => [name, value]));
    expect(annotations).toMatchObject({
      created: "2016-05-04T03:02:01.5Z",
      author: "someone",
      "appc.io/docker/originalname": "quay.io/coreos/flannel:0.5.5",
      "appc.io/docker/registryurl": "quay.io",
      "appc.io/docker/repository": "coreos/flannel",
      "appc.io/docker/manifesthash": "sha256:abc",
      "appc.io/docker/entrypoint": '["/entry"]',
      "appc.io/docker/cmd": '["a","b c"]',
    });
    expect(annotations["appc.io/docker/imageid"]).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("of an empty config runs as root and says nothing more", () => {
    expect(appOf({})).toEqual({ user: "0", group: "0" });
    const bytes = Buffer.from('{"os":"linux","architecture":"arm64","config":null,"created":"yesterday"}');
    const manifest = buildManifest(parseImageConfig(bytes), bytes, { ...ORIGIN, version: null });
    expect(manifest.labels.map(({ value }) => value)).toEqual(["aarch64", "linux"]);
    expect(manifest.annotations?.map(({ name }) => name)).not.toContain("created");
  });

  test("takes users as Docker's tools write them", () => {
    const users = {
      "": "0 0",
      app: "app app",
      "1000": "1000 1000",
      "app:staff": "app staff",
      "app:": "app app",
      ":g": "0 g",
    };
    for (const [text, expected] of Object.entries(users)) {
      const app = appOf({ User: text });
      expect(`${app?.user} ${app?.group}`).toBe(expected);
    }
  });

  test("numbers the volumes whose names clash, in the order of their paths", () => {
    const mountPoints = appOf({ Volumes: { "/a_b": {}, "/a-b": {}, "/A/B": {}, "/": {} } })?.mountPoints;
    expect(mountPoints).toEqual([
      { name: "volume", path: "/" },
      { name: "volume-a-b", path: "/A/B" },
      { name: "volume-a-b-1", path: "/a-b" },
      { name: "volume-a-b-2", path: "/a_b" },
    ]);
  });

  test("refuses what it cannot say", () => {
    for (const port of ["0/tcp", "65536/tcp", "9-8/tcp", "x", "8080/tcp/udp", ""]) {
      expect(() => appOf({ ExposedPorts: { [port]: {} } })).toThrow(/exposes the port/);
    }
    for (const variable of ["1A=x", "A B=x", "=x", "Ü=x"]) expect(() => appOf({ Env: [variable] })).toThrow(/variable/);
    for (const [os, architecture, variant] of [
      ["windows", "amd64", ""],
      ["linux", "riscv64", ""],
      ["linux", "arm", "v5"],
      ["linux", "constructor", ""],
      ["", "", ""],
    ]) {
      expect(() => manifestOf({}, { os, architecture, variant })).toThrow(/no name for/);
    }
    for (const bad of ["", "null", '{"config":{"Env":"x"}}', '{"config":{"Cmd":[1]}}', "\xff"]) {
      expect(() => parseImageConfig(Buffer.from(bad, "latin1"))).toThrow(AciError);
    }
    expect(() => parseImageConfig(new Uint8Array(9 << 20))).toThrow(/allowed/);
  });

  test("knows the processors by the names that ACIs have for them", () => {
    const arch = (architecture: string, variant?: string) => manifestOf({}, { architecture, variant }).labels[0]?.value;
    expect([
      arch("386"),
      arch("arm", "v6"),
      arch("arm", "v7"),
      arch("arm"),
      arch("arm64", "v8"),
      arch("amd64", "v2"),
    ]).toEqual(["i386", "armv6l", "armv7l", "armv7l", "aarch64", "amd64"]);
  });
});

describe("a name", () => {
  test("has the host without its port", () => {
    expect(aciNameAt("localhost:5631", "Team/My--App")).toBe("localhost/team/my-app");
    expect(aciNameAt("quay.io", "coreos/flannel")).toBe("quay.io/coreos/flannel");
  });

  test("is valid, or refused, whatever it is made of", () => {
    const anything = fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9._~/-]{0,20}$/));
    fc.assert(
      fc.property(anything, (text) => {
        expect(toAcName(text)).toMatch(/^(?:[a-z0-9]+(?:-[a-z0-9]+)*)?$/);
        if (/[a-z0-9]/i.test(text)) expect(isIdentifier(toIdentifier(text))).toBe(true);
        if (isIdentifier(text)) expect(toIdentifier(text)).toBe(text);
      }),
    );
    expect(() => toIdentifier("//")).toThrow(AciError);
  });
});
