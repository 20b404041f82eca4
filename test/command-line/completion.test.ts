/** `larder completion`: the scripts, in the shells that they are for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { LARDER } from "./run-larder.ts";

/** What is typed, TAB included, and the words that the shell then calls larder with. */
const TYPED: readonly [string, readonly string[]][] = [
  ["larder has --plat\tx --al\t", ["has", "--platform", "x", "--all-platforms"]],
  ["larder mir\tku\t--pri\t", ["mirror", "kubernetes", "--print"]],
  ["larder completion z\t", ["completion", "zsh"]],
  ["larder inspect --registry r --ra\t", ["inspect", "--registry", "r", "--raw"]],
  ["larder preload some-fi\t", ["preload", "some-file"]],
  ["larder has some-fi\t", ["has", "some-fi"]],
];

const START = {
  bash: { argv: "bash --norc --noprofile -i", before: "" },
  zsh: { argv: "zsh -f -i", before: "autoload -Uz compinit; compinit -u -D; " },
} as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-completion-"));
  await Bun.write(join(folder, "some-file"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeScript(shell: string): Promise<string> {
  const { status, output } = await runCommand([LARDER, "completion", shell], { environment: { HOME: folder } });
  expect(status).toBe(0);
  const path = join(folder, `larder.${shell}`);
  await Bun.write(path, output);
  return path;
}

describe.each(["bash", "zsh"] as const)("in %s", (shell) => {
  const lab = requirement(shell, "script");

  test.skipIf(!lab.met)("verbs, options and files are completed as they are typed", async () => {
    const script = await writeScript(shell);
    const { argv, before } = START[shell];
    const setUp = `cd '${folder}'; ${before}source '${script}'`;
    const stub = "larder() { printf 'called:%s ' \"$@\"; echo; }";
    const input = [setUp, stub, ...TYPED.map(([keys]) => keys), "exit", ""].join("\n");
    const { output } = await runCommand(["script", "--quiet", "--command", argv, "/dev/null"], {
      environment: { HOME: folder, TERM: "dumb", SHELL: "/bin/sh" },
      input,
      timeoutMs: 20_000,
    });
    const calls = output
      .split(/\r?\n|\r/)
      .filter((line) => line.includes("called:") && !line.includes("%s"))
      .map((line) => [...line.matchAll(/called:(\S+)/g)].map(([, word]) => word));
    expect(calls).toEqual(TYPED.map(([, words]) => [...words]));
  });
});

describe("in fish", () => {
  const lab = requirement("fish");

  test.skipIf(!lab.met)("verbs, options and files are completed as they are typed", async () => {
    const script = await writeScript("fish");
    const lines = [
      "has --plat",
      "mir",
      "mirror kub",
      "mirror kubernetes --prin",
      "completion z",
      "preload some-fi",
      "has some-fi",
    ];
    const asked = lines.map((line) => `echo "> ${line}"; complete -C "larder ${line}"`).join("; ");
    const { output } = await runCommand(["fish", "--no-config", "-c", `cd ${folder}; source ${script}; ${asked}`], {
      environment: { HOME: folder },
    });
    const words = output
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[0]);
    const expected = ["--platform", "mirror", "kubernetes", "--print", "zsh", "some-file", null];
    expect(words).toEqual(
      lines.flatMap((line, index) => [`> ${line}`, expected[index]]).filter((word) => word != null),
    );
  });
});
