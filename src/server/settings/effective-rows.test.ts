import { expect, test } from "bun:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseConfiguration } from "./configuration-file.ts";
import { effectiveRows } from "./effective-rows.ts";
import { describeOrigin } from "./given-settings.ts";
import { readSettings } from "../sources/read-settings.ts";
import { settingsFrom } from "./settings.ts";

function effective(text: string) {
  const { given, problems } = parseConfiguration(text, "l.yaml");
  expect(problems).toEqual([]);
  return { given, settings: settingsFrom(given) };
}

/** Says a value at a full key; a registry's name has dots of its own. */
function put(content: Record<string, unknown>, key: string, value: unknown): void {
  const host = /^upstreams\.(.+)\.(\w+)$/.exec(key);
  const path = host === null ? key.split(".") : ["upstreams", host[1] ?? "", host[2] ?? ""];
  let group = content;
  for (const part of path.slice(0, -1)) group = (group[part] ??= {}) as Record<string, unknown>;
  group[path.at(-1) ?? ""] = value;
}

test("what is printed, written into a file, means the same settings", () => {
  const address = fc.constantFrom(":80", "127.0.0.1:5000", "[::1]:0", "localhost:7");
  const host = fc.constantFrom("quay.io", "a.example:5000", "registry-1.docker.io");
  const lifetime = fc.constantFrom("never", "always", "90s", "1d1ms");
  const upstream = fc.record(
    {
      endpoint: fc.constantFrom("http://10.0.0.9:5000", "https://x.example/v2/y"),
      mirrors: fc.array(fc.constantFrom("https://m.example", "http://[::1]:1"), { maxLength: 2 }),
      username: fc.constantFrom("me", "yes", "12"),
      passwordFile: fc.constant("/p"),
      tags: lifetime,
    },
    { requiredKeys: [] },
  );
  const file = fc.record(
    {
      http: fc.array(address, { minLength: 1, maxLength: 3 }),
      dns: address,
      tls: fc.constantFrom({ constraints: true }, { mode: "auto" }, { cert: "/c", key: "/k" }),
      standIn: fc.array(host, { maxLength: 3 }),
      upstreams: fc.dictionary(fc.constantFrom("quay.io", "a.example:5000", "docker.io"), upstream),
      open: fc.boolean(),
      tags: lifetime,
      aciKeep: fc.constantFrom("1GB", "1.5TiB", "4096", "0"),
      trustedProxies: fc.array(fc.constantFrom("127.0.0.2", "10.0.0.0/8", "fd00::/8"), { maxLength: 3 }),
      names: fc.array(fc.string({ minLength: 1 }), { maxLength: 2 }),
      gc: fc.record({ grace: fc.constantFrom("1h", "0s"), every: fc.constant("10m") }, { requiredKeys: [] }),
      log: fc.constantFrom("debug", "error"),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(file, (content) => {
      const before = effective(stringify(content));
      const printed: Record<string, unknown> = {};
      for (const { key, value } of effectiveRows(before)) if (value !== null) put(printed, key, value);
      // Larder's own authority and files are for one another's place.
      if (before.settings.tls.mode === "files") printed["tls"] = { cert: "/c", key: "/k" };
      expect(effective(stringify(printed)).settings).toEqual(before.settings);
    }),
  );
});

test("every value has the place where it was said, and no secret is shown", async () => {
  const rows = effectiveRows(
    await readSettings({
      file: null,
      flags: new Map<string, true | readonly string[]>([
        ["standard-ports", true],
        ["upstream", ["quay.io=http://10.0.0.9"]],
      ]),
      environment: { LARDER_UPSTREAMS_PASSWORD: "quay.io=hunter2", REGISTRY_STORAGE_DELETE_ENABLED: "false" },
    }),
  );
  const said = rows.filter(({ origin }) => origin.kind !== "default");
  expect(said.map(({ key, words, origin }) => [key, words, describeOrigin(origin)])).toEqual([
    ["http", ":80", "--standard-ports"],
    ["https", ":443", "--standard-ports"],
    ["dns", ":53", "--standard-ports"],
    ["standardPorts", "true", "--standard-ports"],
    ["upstreams.quay.io.endpoint", "http://10.0.0.9", "--upstream"],
    ["upstreams.quay.io.password", "********", "LARDER_UPSTREAMS_PASSWORD"],
    ["delete", "false", "REGISTRY_STORAGE_DELETE_ENABLED"],
  ]);
  expect(JSON.stringify(rows)).not.toContain("hunter2");
});

test("a default without a value is told in words", () => {
  const words = new Map(effectiveRows(effective("")).map((row) => [row.key, row.words]));
  expect(words.get("credentials")).toBe("Docker's and Podman's");
  expect(words.get("addresses")).toBe("the address that they reach larder by");
  expect(words.get("http")).toBe(":5000");
  expect(words.get("https")).toBe("-");
});
