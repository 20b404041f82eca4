/** `larder man`: the pages, in the formatters that people have. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { ENVIRONMENT_VARIABLES } from "../../src/cli/help/environment-variables.ts";
import { VERB_GROUPS } from "../../src/cli/help/verb-guide.ts";
import { bold, page, paragraph, section } from "../../src/cli/man/roff.ts";
import { ROWS, variableOf } from "../../src/server/settings/settings-table.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { LARDER, runLarder } from "./run-larder.ts";

const larder = (...argv: string[]) => runLarder("127.0.0.1:9", argv);

let folder: string;
let files: readonly string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-man-"));
  expect(await runCommand([LARDER, "man", "--out", folder])).toMatchObject({ status: 0, output: "" });
  files = (await readdir(folder, { recursive: true })).filter((file) => /\.\d$/.test(file)).sort();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("there is a page for larder, for each verb, and for the settings", () => {
  const verbs = VERB_GROUPS.flatMap((group) => group.verbs.map(({ name }) => name)).filter((name) => name !== "help");
  const expected = ["man1/larder.1", ...verbs.map((name) => `man1/larder-${name}.1`), "man5/larder.yaml.5"];
  expect(files).toEqual(expected.sort());
});

test("one page goes to standard output, by its verb or its name", async () => {
  const { output } = await larder("man", "mirror");
  expect(output).toBe(await Bun.file(join(folder, "man1/larder-mirror.1")).text());
  expect((await larder("man", "larder-mirror")).output).toBe(output);
  expect((await larder("man")).output).toBe(await Bun.file(join(folder, "man1/larder.1")).text());
  const { status, errors } = await larder("man", "nothing");
  expect({ status, errors }).toEqual({
    status: 2,
    errors: 'larder: there is no page "nothing"; pages are of verbs, and larder.yaml\n',
  });
});

describe("mandoc", () => {
  const lab = requirement("mandoc");
  /** What is bold was typed twice, what is underlined over a line. */
  const render = async (path: string, columns: number) => {
    const { output } = await runCommand(["mandoc", "-T", "utf8", "-O", `width=${columns}`, path]);
    const parts = output.split("\b");
    return parts.map((part, index) => (index < parts.length - 1 ? part.slice(0, -1) : part)).join("");
  };

  test.skipIf(!lab.met)("takes every page without a remark", async () => {
    const { status, output, errors } = await runCommand(["mandoc", "-T", "lint", ...files], { folder });
    expect({ status, output, errors }).toEqual({ status: 0, output: "", errors: "" });
  });

  test.skipIf(!lab.met)("keeps within the terminal, examples apart, which are there to be copied", async () => {
    for (const file of files) {
      const text = (await render(join(folder, file), 60)).replace(/^EXAMPLES\n(?: .*\n|\n)*/m, "");
      expect({ file, wide: text.split("\n").filter((line) => line.length > 62 && !/\S{40}/.test(line)) }).toEqual({
        file,
        wide: [],
      });
    }
  });

  test.skipIf(!lab.met)("shows options and settings as they are typed", async () => {
    const mirror = await render(join(folder, "man1/larder-mirror.1"), 80);
    expect(mirror).toContain("--all-platforms");
    expect(mirror).toContain("The same as larder mirror k8s.");
    expect(mirror).toContain("larder mirror kubernetes v1.31.2 --runtime containerd@2.0\n");
    const settings = await render(join(folder, "man5/larder.yaml.5"), 80);
    for (const [key, setting] of ROWS) {
      expect(settings).toMatch(new RegExp(`^ +${key.replaceAll(".", "\\.")}(?: |$)`, "m"));
      if (!setting.isFileOnly) expect(settings).toContain(`Variable: ${variableOf(key)}\n`);
    }
  });

  test.skipIf(!lab.met)("shows each sign as it was written", async () => {
    const hard = `.dot 'quoted' \\fBnot bold\\fR ~^ a-b --flag "x" {$y} \\ <z>, ünd ende`;
    const path = join(folder, "hard.1");
    const body = section("Description", [paragraph("First."), paragraph(hard), bold(".TH 'x'")]);
    await Bun.write(path, page({ name: "hard", section: 1, summary: "x" }, { version: "1", date: "2026-11-28" }, body));
    expect((await runCommand(["mandoc", "-T", "lint", path])).output).toBe("");
    const text = await render(path, 120);
    expect(text).toContain(`  ${hard}`);
    expect(text).toContain(".TH 'x'");
  });
});

describe("man", () => {
  const lab = requirement("man");

  test.skipIf(!lab.met).each(["utf8", "ascii"])(
    "takes every page without a warning, for %s",
    async (device) => {
      const argv = ["man", "--warnings", "-E", "UTF-8", "-l", `-T${device}`, "-Z", ...files];
      const { status, output, errors } = await runCommand(argv, { folder, environment: { MANWIDTH: "80" } });
      expect({ status, errors, isWhole: output.includes("YAML") }).toEqual({
        status: 0,
        errors: "",
        isWhole: true,
      });
    },
    60_000,
  );
});

test("every variable that larder reads stands in its page", async () => {
  const told = ENVIRONMENT_VARIABLES.flatMap(([names]) => names.split(", "));
  // What people do not set: what systemd says, switches of tests, the limit that larder sets itself.
  const internal =
    /^(?:HOME|PATH|LARDER_CHECK_ANSWERS|LARDER_FAULT\w*|LARDER_GO_CHECKS|LARDER_UPDATE_GOLDEN|BUN_\w+|NOTIFY_SOCKET|WATCHDOG_\w+|LISTEN_\w+|JOURNAL_STREAM)$/;
  const source = join(import.meta.dir, "..", "..", "src");
  const read = new Set<string>();
  for await (const file of new Glob("**/*.ts").scan(source)) {
    if (/\.(?:test|fixture|contract)\.ts$/.test(file)) continue;
    const text = await Bun.file(join(source, file)).text();
    for (const [, name = ""] of text.matchAll(/(?:environment|variables|env)\["([A-Z][A-Z_]+)"\]/g)) read.add(name);
  }
  expect(read.size).toBeGreaterThan(10);
  expect([...read].filter((name) => !internal.test(name) && !told.includes(name))).toEqual([]);
});
