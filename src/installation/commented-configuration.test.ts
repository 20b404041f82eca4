import { describe, expect, test } from "bun:test";
import { parseConfiguration } from "../server/settings/configuration-file.ts";
import { type FlagValues, readSettings } from "../server/sources/read-settings.ts";
import { commentedConfiguration } from "./commented-configuration.ts";

const NOTHING: FlagValues = new Map();

async function written(flags: FlagValues, environment = {}): Promise<string> {
  const { given } = await readSettings({ file: null, flags, environment });
  return commentedConfiguration(given);
}

function said(text: string): Record<string, unknown> {
  const { given, problems } = parseConfiguration(text, "larder.yaml");
  expect(problems).toEqual([]);
  return Object.fromEntries([...given].map(([name, { value }]) => [name, value]));
}

/** Every line that shows how something would be said, said. */
function uncommented(text: string): string {
  const [, ...body] = text.split("\n\n");
  return body
    .join("\n\n")
    .split("\n")
    .map((line) => line.replace(/^#(?! \S)/, ""))
    .join("\n");
}

describe("the first larder.yaml", () => {
  test("says where larder listens and keeps its data, and nothing else", async () => {
    expect(said(await written(NOTHING))).toEqual({ http: [{ host: null, port: 5000 }], data: "/var/lib/larder" });
  });

  test("shows nothing that the table of settings would not take", async () => {
    const shown = said(uncommented(await written(NOTHING)));
    expect(Object.keys(shown)).toContain("auth.rules");
    expect(Object.keys(shown).length).toBeGreaterThan(20);
  });

  test("says what flags gave, each with its help", async () => {
    const text = await written(
      new Map<string, true | readonly string[]>([
        ["standard-ports", true],
        ["stand-in", ["quay.io", "registry.k8s.io"]],
        ["tls-cert", ["/a b.crt"]],
        ["tls-key", ["/a.key"]],
        ["upstream", ["quay.io=http://10.0.0.9:5000"]],
        ["max-size", ["200GB"]],
        ["gc-grace", ["2h"]],
        ["aci-keep", ["5GB"]],
      ]),
    );
    expect(said(text)).toEqual({
      standardPorts: true,
      standIn: ["quay.io", "registry.k8s.io"],
      "tls.cert": "/a b.crt",
      "tls.key": "/a.key",
      "upstreams.quay.io.endpoint": "http://10.0.0.9:5000",
      maxSize: 200e9,
      "gc.grace": 7_200_000,
      aciKeep: 5e9,
      data: "/var/lib/larder",
    });
    expect(text).toContain("# and its key\n");
  });

  test("a group keeps what is not said of it as comments", async () => {
    const text = await written(NOTHING, { LARDER_AUTH_HTPASSWD: "/etc/larder/htpasswd" });
    expect(said(text)).toMatchObject({ "auth.htpasswd": "/etc/larder/htpasswd" });
    expect(Object.keys(said(uncommented(text)))).toContain("auth.rules");
  });

  test.each(["yes", "5:30", "a: b", "#x", "'", '"', "*", "~", "0x10", "1e5", "ä ö", "a\nb"])(
    "text like %p stays text",
    async (value) => {
      const text = await written(new Map([["aci-files", [value]]]));
      expect(said(text)["aciFiles"]).toBe(value);
    },
  );
});
