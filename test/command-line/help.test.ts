/** Help: verbs in groups, examples, lines that fit; and what is suggested to somebody who wrote something else. */
import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { VERB_GROUPS } from "../../src/cli/help/verb-guide.ts";
import { LARDER, runLarder } from "./run-larder.ts";

const GUIDED = VERB_GROUPS.flatMap(({ verbs }) => verbs);
const larder = (...argv: string[]) => runLarder("127.0.0.1:9", argv);
const widest = (text: string) => Math.max(...text.split(/\r?\n/).map((line) => line.length));

describe("the overview", () => {
  test.each([[[]], [["help"]], [["--help"]], [["-h"]]])("is what %j prints, on stdout, with 0", async (argv) => {
    const { status, output, errors } = await larder(...argv);
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    for (const { title, verbs } of VERB_GROUPS) {
      expect(output).toContain(`\n${title}:\n`);
      for (const { name } of verbs) expect(output).toMatch(new RegExp(`^  ${name} `, "m"));
    }
    expect(widest(output)).toBeLessThanOrEqual(80);
  });

  test("holds every verb that there is", async () => {
    const { output } = await larder("completion", "fish");
    const verbs = Array.from(output.matchAll(/-n '__fish_use_subcommand' -a (\S+)/g), ([, name]) => name);
    expect(new Set(verbs)).toEqual(new Set(GUIDED.map(({ name }) => name).filter((name) => name !== "help")));
  });
});

describe("the help of a verb", () => {
  const paths = [
    ...GUIDED.filter(({ name }) => name !== "help").map(({ name }) => [name]),
    ["mirror", "kubernetes"],
    ["aci", "convert"],
    ["config", "check"],
  ];

  test.each(paths.map((path) => [path.join(" ")]))("%s: usage, examples, lines of 80 characters", async (path) => {
    const words = path.split(" ");
    const { status, output, errors } = await larder(...words, "--help");
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    expect(output).toStartWith(`Usage: larder ${path}`);
    expect(output).toContain("Examples:\n");
    // A command is not broken: it is there to be copied.
    expect(widest(output.replace(/^Examples:\n(?: .*\n)*/m, ""))).toBeLessThanOrEqual(80);
    expect((await larder("help", ...words)).output).toBe(output);
  });

  test("its examples are commands that exist", async () => {
    const known = new Set(GUIDED.map(({ name }) => name));
    for (const { examples } of GUIDED) {
      expect(examples.length).toBeGreaterThan(0);
      for (const [command] of examples) {
        for (const [, verb = ""] of command.matchAll(/larder (\w[\w-]*)/g))
          if (!/larder (?:serve|completion)\b/.test(command)) expect(known).toContain(verb);
      }
    }
  });

  test("fits the terminal", async () => {
    for (const columns of [40, 60, 120]) {
      let drawn = "";
      const command = Bun.spawn([LARDER, "cache", "--help"], {
        env: { PATH: Bun.env["PATH"] ?? "", HOME: tmpdir(), TERM: "xterm" },
        terminal: { cols: columns, rows: 40, data: (_, bytes) => void (drawn += new TextDecoder().decode(bytes)) },
      });
      expect(await command.exited).toBe(0);
      await Bun.sleep(50);
      expect(widest(drawn.replace(/^Examples:\r?\n(?: [^\n]*\n)*/m, ""))).toBeLessThanOrEqual(Math.min(columns, 100));
    }
  });
});

test("a name of the time before larder has its help under it, too", async () => {
  for (const name of ["docker2aci", "mirror-k8s-images", "lreg_cache"]) {
    const { status, output } = await larder("help", name);
    expect(status).toBe(0);
    expect(output).toStartWith("Usage: larder ");
    expect((await larder(name, "--help")).output).toBe(output);
  }
});

test("what --strict and --fetch do is said in a line each", async () => {
  const { output } = await larder("images", "--help");
  expect(output).toMatch(/^ {2}--strict {2,}\S.*\n {2}--fetch {2,}\S.*\n {2}--helm/m);
});

describe("somebody who wrote something else", () => {
  test.each([
    ["pull", "larder cache IMAGE"],
    ["push", "larder upload SOURCE"],
    ["delete", "larder rm IMAGE"],
    ["rmi", "larder rm IMAGE"],
    ["list", "larder ls"],
    ["search", "larder ls TEXT"],
    ["import", "larder upload ARCHIVE"],
    ["save", "larder copy IMAGE oci-archive:FILE"],
    ["prune", "larder gc"],
    ["start", "larder serve"],
    ["status", "larder stats"],
    ["serch", "larder ls TEXT"],
    ["lsit", "larder ls"],
    ["prelaod", "larder preload"],
    ["caches", "larder cache"],
    ["verfy", "larder verify"],
    ["dotcor", "larder doctor"],
    ["lreg_push", "larder upload SOURCE"],
  ])("%s is told of %s", async (word, meant) => {
    const { status, output, errors } = await larder(word, "x");
    expect({ status, output }).toEqual({ status: 2, output: "" });
    expect(errors).toStartWith(`larder: there is no verb "${word}"; do you mean: ${meant}`);
  });

  test("is told of the list where nothing is near, and that options stand behind the verb", async () => {
    expect((await larder("xyzzy")).errors).toBe('larder: there is no verb "xyzzy"; larder --help lists the verbs\n');
    expect((await larder("--registry", "x", "ls")).errors).toContain("options stand behind the verb");
  });

  test("is told of a near flag, and where the help is", async () => {
    const { status, errors } = await larder("mirror", "kubernetes", "--platfrom", "x", "1.31");
    expect(status).toBe(2);
    expect(errors).toBe(
      "larder: unknown option '--platfrom'\n(Did you mean --platform?)\n(see: larder mirror kubernetes --help)\n",
    );
  });
});

test("larder version tells version, runtime and platform; --version the version alone", async () => {
  const { version } = (await Bun.file(`${import.meta.dir}/../../package.json`).json()) as { version: string };
  expect((await larder("--version")).output).toBe(`${version}\n`);
  expect((await larder("version")).output).toMatch(
    new RegExp(`^larder ${version}\nruntime   bun [\\d.]+\nplatform  linux/\\w+\n$`),
  );
  expect(JSON.parse((await larder("version", "--json")).output)).toMatchObject({ version, commit: null, date: null });
});
