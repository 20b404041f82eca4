/** `larder config` and `larder config check`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runLarder } from "./run-larder.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-config-"));
  file = join(folder, "larder.yaml");
  await writeFile(file, "http: ':80'\nupstreams:\n  quay.io: { username: me, password: hunter2 }\n");
});
afterAll(() => rm(folder, { recursive: true }));
const larder = (argv: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  runLarder("localhost:1", argv, environment);

test("the settings that hold are shown with where they were said, secrets masked", async () => {
  const { status, output } = await larder(["config", "--config", file, "--https", ":443"], { LARDER_TAGS: "never" });
  expect(status).toBe(0);
  const rows = output.split("\n").map((line) => line.split(/ {2,}/));
  expect(rows).toContainEqual(["KEY", "VALUE", "SAID BY"]);
  expect(rows).toContainEqual(["http", ":80", `${file}:1`]);
  expect(rows).toContainEqual(["https", ":443", "--https"]);
  expect(rows).toContainEqual(["tags", "never", "LARDER_TAGS"]);
  expect(rows).toContainEqual(["upstreams.quay.io.password", "********", `${file}:3`]);
  expect(rows).toContainEqual(["open", "false", "default"]);
  expect(output).not.toContain("hunter2");
});

test("and as JSON; LARDER_CONFIG names the file as --config does", async () => {
  const { output } = await larder(["config", "--json"], { LARDER_CONFIG: file });
  const rows = JSON.parse(output) as { key: string }[];
  expect(rows.find(({ key }) => key === "http")).toEqual({
    key: "http",
    value: [":80"],
    origin: { kind: "file", path: file, line: 1 },
    needsRestart: true,
  } as never);
  expect(output).not.toContain("hunter2");
});

test("a variable that was misspelt is told of, and nothing that others set", async () => {
  const kubernetes = { LARDER_PORT: "tcp://10.0.0.1:5000", LARDER_SERVICE_HOST: "10.0.0.1", LARDER_PORT_5000_TCP: "x" };
  const environment = {
    ...kubernetes,
    LARDER_CONFIG: file,
    LARDER_TAGS: "1m",
    LARDER_GC_GRACES: "1h",
    LARDER_TOTALLY: "1",
  };
  const { status, errors } = await larder(["config", "--json"], environment);
  const what = "LARDER_GC_GRACES is no variable of larder's, and says nothing; did you mean LARDER_GC_GRACE?";
  expect({ status, errors }).toEqual({ status: 0, errors: `larder: ${what}\n` });
});

test("settings that cannot be are all told, with exit status 2, as serve tells them", async () => {
  for (const verb of ["config", "serve"]) {
    const { status, output, errors } = await larder([verb, "--http", "80", "--gc-grace", "soon"], {
      LARDER_OPEN: "perhaps",
    });
    expect({ status, output }).toEqual({ status: 2, output: "" });
    expect(errors).toBe(
      "larder: LARDER_OPEN=perhaps: write true or false\n" +
        "larder: --http 80: write :PORT, IPv4:PORT or [IPv6]:PORT, such as :80 or 127.0.0.1:5000\n" +
        "larder: --gc-grace soon: write a duration such as 30s, 5m or 1h\n",
    );
  }
});

test("check exits with 0 for a good file, and with 1 for one with mistakes, all of them on standard output", async () => {
  expect(await larder(["config", "check", file])).toMatchObject({ status: 0, output: `${file} is good\n`, errors: "" });
  const bad = join(folder, "bad.yaml");
  await writeFile(bad, "htpp: ':80'\ncredentials: /nowhere\n");
  const { status, output, errors } = await larder(["config", "check", bad]);
  expect({ status, errors }).toEqual({ status: 1, errors: "" });
  expect(output).toStartWith(`${bad}:1: "htpp" is not a key of the configuration; did you mean http?\n${bad}:2: `);
  expect(JSON.parse((await larder(["config", "check", "--json", "--text-only", bad])).output)).toMatchObject({
    file: bad,
    problems: [expect.stringContaining("htpp")],
  });
  expect((await larder(["config", "check", folder])).status).toBe(1);
  expect((await larder(["config", "check"])).status).toBe(2);
});
