import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { type ClientSettings, type ClientSettingsInput, parseClientSettings } from "../client-settings.ts";
import { ClientSettingsError } from "../client-settings-error.ts";
import { renderScript } from "../deliver/render-script.ts";
import { clientConfig, clientTargets, findClientTarget } from "./targets.ts";
import { secureSpoofing, TEST_CA, testSettings } from "../settings.fixture.ts";
import type { NodeConfig } from "../node-config.ts";

function configOf(name: string, settings: ClientSettings): NodeConfig {
  const target = findClientTarget(name);
  if (target === null) throw new Error(name);
  return clientConfig(target, settings);
}

function contentOf(config: NodeConfig, path: string): string | undefined {
  return config.files.find((file) => file.path === path)?.content;
}

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9](\.[a-z][a-z0-9]{0,8}){1,3}$/);
const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: null });
const host = fc.oneof(
  { weight: 4, arbitrary: name },
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
);
const withPort = fc.tuple(host, port).map(([host, port]) => (port === null ? host : `${host}:${port}`));
const goodInput = fc
  .record({
    mode: fc.constantFrom("http" as const, "https" as const, "spoof" as const),
    where: withPort,
    standIns: fc.array(fc.oneof(withPort, fc.constant("docker.io")), { minLength: 1, maxLength: 4 }),
    addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 3 }),
    secure: fc.boolean(),
    catchAll: fc.boolean(),
    fallback: fc.boolean(),
  })
  .map(({ mode, where, secure, catchAll, ...rest }): ClientSettingsInput => {
    const scheme = mode === "spoof" ? (secure ? "https" : "http") : mode;
    const authority = mode === "spoof" ? where.replace(/:\d+$/, "") : where;
    return { ...rest, mode, registry: `${scheme}://${authority}`, ca: TEST_CA, catchAll: catchAll && mode !== "spoof" };
  });

/** Settings of that input, or null when a value happens to be no host (10.0.0.256, ::1.2.3.4 in odd forms). */
function tryParse(input: ClientSettingsInput): ClientSettings | null {
  try {
    return parseClientSettings(input);
  } catch (error) {
    if (error instanceof ClientSettingsError) return null;
    throw error;
  }
}

function tryConfig(name: string, settings: ClientSettings): NodeConfig | null {
  try {
    return configOf(name, settings);
  } catch (error) {
    if (error instanceof ClientSettingsError) return null;
    throw error;
  }
}

/** Reads a file in the language that its name says. Throws when it is not well-formed. */
function readAs(path: string, content: string): void {
  if (/\.toml$|registries\.conf$|50-larder\.conf$/.test(path)) Bun.TOML.parse(content);
  else if (/\.json$|\.ign$/.test(path)) JSON.parse(content);
  else if (path !== "ignition/larder.yaml" && /\.ya?ml$|\.bu$|user-data$/.test(path)) {
    for (const document of parseAllDocuments(content, { version: "1.1" })) {
      expect("errors" in document ? [...document.errors, ...document.warnings] : []).toEqual([]);
    }
  }
}

describe("for any settings", () => {
  test("every target writes files that are well-formed, under paths that need no quoting", () => {
    let seen = 0;
    fc.assert(
      fc.property(goodInput, (input) => {
        const settings = tryParse(input);
        if (settings === null) return;
        for (const target of clientTargets()) {
          const config = tryConfig(target.name, settings);
          for (const { path, content } of config?.files ?? []) {
            expect(path).toMatch(/^[\w./:[\]-]+$/);
            expect(content === "" || content.endsWith("\n")).toBe(true);
            readAs(path, content);
            seen++;
          }
        }
      }),
      { numRuns: 150 },
    );
    expect(seen).toBeGreaterThan(1_000);
  });

  test("whatever strings are given, none comes through that means something to a shell", () => {
    const nasty = fc.string({ unit: fc.constantFrom(..."abz09.:-[]'\"\\$`;&|<>(){}*? \n\t%@/".split("")) });
    fc.assert(
      fc.property(
        nasty,
        nasty,
        nasty,
        fc.constantFrom("http" as const, "spoof" as const),
        (where, standIn, address, mode) => {
          const settings = tryParse({
            registry: `http://${where}`,
            mode,
            standIns: [standIn, "docker.io"],
            addresses: [address],
          });
          if (settings === null) return;
          const values = [settings.registry.host, ...settings.standIns, ...settings.addresses];
          for (const value of values) expect(value).toMatch(/^[\w.:[\]-]+$/);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("every script is one that a shell can read", () => {
    const scripts = fc
      .sample(goodInput, 12)
      .map(tryParse)
      .flatMap((settings) =>
        clientTargets().flatMap((target) =>
          settings === null || tryConfig(target.name, settings) === null ? [] : [renderScript(target, settings)],
        ),
      );
    expect(scripts.length).toBeGreaterThan(50);
    for (const script of scripts.slice(0, 60)) {
      const { exitCode, stderr } = Bun.spawnSync(["sh", "-n"], { stdin: Buffer.from(script) });
      expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
    }
  });
});

describe("docker.io", () => {
  test("is spoofed under all names that its clients use", () => {
    const hosts = contentOf(configOf("hosts", testSettings("spoof")), "/etc/hosts");
    for (const name of [
      "docker.io",
      "registry-1.docker.io",
      "index.docker.io",
      "registry.hub.docker.com",
      "auth.docker.io",
    ]) {
      expect(hosts).toContain(`10.0.0.5 ${name}\n`);
      expect(hosts).toContain(`fd00::5 ${name}\n`);
    }
  });
});

describe("without a fallback", () => {
  const settings = testSettings("http", { fallback: false });

  test("containerd's server is larder itself", () => {
    const toml = contentOf(configOf("containerd", settings), "/etc/containerd/certs.d/docker.io/hosts.toml");
    expect(toml).toStartWith('server = "http://10.0.0.5:5000"\n');
  });

  test("registries.conf puts larder in the upstream's place", () => {
    const conf = contentOf(configOf("podman", settings), "/etc/containers/registries.conf.d/50-larder.conf");
    expect(conf).toStartWith(
      '[[registry]]\nprefix = "docker.io"\nlocation = "10.0.0.5:5000/docker.io"\ninsecure = true\n',
    );
    expect(conf).not.toContain("mirror");
  });

  test("k3s, k3d and Talos are told so", () => {
    expect(contentOf(configOf("k3s", settings), "/etc/rancher/k3s/config.yaml.d/50-larder.yaml")).toBe(
      "disable-default-registry-endpoint: true\n",
    );
    expect(contentOf(configOf("k3d", settings), "k3d.yaml")).toContain("--disable-default-registry-endpoint");
    expect(contentOf(configOf("talos", settings), "larder-talos.yaml")).toContain("skipFallback: true");
  });
});

describe("for all registries", () => {
  const settings = testSettings("http", { catchAll: true, standIns: [] });

  test("containerd has a _default without a server, k3s and Talos have a star", () => {
    expect(contentOf(configOf("containerd", settings), "/etc/containerd/certs.d/_default/hosts.toml")).toBe(
      '[host."http://10.0.0.5:5000"]\n  capabilities = ["pull", "resolve"]\n  dial_timeout = "2s"\n',
    );
    expect(contentOf(configOf("rke2", settings), "/etc/rancher/rke2/registries.yaml")).toContain('"*":\n');
    expect(contentOf(configOf("talos", settings), "larder-talos.yaml")).toContain('name: "*"\n');
  });
});

test("stand-ins that no name can be spoofed for are left out, and named", () => {
  const settings = testSettings("spoof", { standIns: ["quay.io", "10.0.0.9:5000", "corp.example:5000"] });
  const config = configOf("containerd", settings);
  expect(contentOf(config, "/etc/hosts")).toBe("10.0.0.5 quay.io\nfd00::5 quay.io\n");
  expect(config.notes.join("\n")).toContain("10.0.0.9:5000, corp.example:5000 cannot be spoofed");
});

test("a mode that a target cannot do is refused with those that it can", () => {
  expect(() => configOf("kind", secureSpoofing())).toThrow("kind cannot do mode spoof: use mode http or https");
  expect(() => configOf("trust", testSettings("https", { ca: null }))).toThrow("--ca");
  expect(() => configOf("kubeadm", testSettings("http", { registry: "http://[fd00::5]:5000" }))).toThrow("IPv6");
});

describe("an IPv6 address, which registries.conf cannot have as the place of a mirror,", () => {
  const settings = testSettings("http", { registry: "http://[fd00::5]:5000", addresses: ["fd00::5", "10.0.0.5"] });

  test("is refused wherever such a file would be written, with what to do", () => {
    for (const target of ["containers", "crio", "podman", "butane-fcos", "ignition-fcos", "cloud-init"]) {
      expect(() => configOf(target, settings)).toThrow(
        /no IPv6 address.*\[fd00::5\]:5000.*"fd00::5 larder".*http:\/\/larder:5000.*http:\/\/10\.0\.0\.5:5000.*mode spoof/,
      );
    }
    expect(() => configOf("podman", testSettings("https", { registry: "https://[fd00::5]" }))).toThrow(
      /https:\/\/larder\), by an IPv4 address/,
    );
    expect(() =>
      configOf("crio", testSettings("http", { registry: "http://[fd00::5]:5000", fallback: false })),
    ).toThrow(ClientSettingsError);
  });

  test("is no hindrance where names are spoofed, nor to other runtimes", () => {
    const spoofing = testSettings("spoof", { registry: "http://[fd00::5]", addresses: ["fd00::5"] });
    expect(contentOf(configOf("crio", spoofing), "/etc/containers/registries.conf.d/50-larder.conf")).not.toContain(
      "[fd",
    );
    expect(configOf("containerd", settings).files.length).toBeGreaterThan(0);
    expect(configOf("docker", settings).files.length).toBeGreaterThan(0);
  });

  test("is left out among the registries, and named", () => {
    const config = configOf("crio", testSettings("http", { standIns: ["docker.io", "[fd00::9]:5000"] }));
    expect(config.files.map(({ content }) => content).join()).not.toContain("fd00");
    expect(config.notes.join("\n")).toContain("[fd00::9]:5000 is left out");
  });
});

test("names that lead to each machine itself come with a warning, and to no overlay", () => {
  const settings = testSettings("spoof", { registry: "http://127.0.0.1", addresses: ["::1", "127.0.0.1"] });
  const why = "::1, 127.0.0.1 is each machine itself: give --address";
  expect(configOf("hosts", settings).notes.join("\n")).toContain(why);
  expect(() => configOf("xcluster", settings)).toThrow(why);
});

test("a registry on this machine comes with a warning", () => {
  const notes = configOf("containerd", testSettings("http", { registry: "http://localhost:5000" })).notes.join("\n");
  expect(notes).toContain("http://localhost:5000 is each machine itself");
});
