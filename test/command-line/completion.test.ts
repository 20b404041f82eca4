/** `larder completion`: the scripts, in the shells that they are for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage } from "../conformance/registry-client.ts";
import { pathWithSystemFolders, runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { LARDER } from "./run-larder.ts";
import { hostOf, smallImage } from "./test-site.ts";

/** What is typed, TAB included, and the words that the shell then calls larder with. */
const TYPED: readonly [string, readonly string[]][] = [
  ["larder has --plat\tx --al\t", ["has", "--platform", "x", "--all-platforms"]],
  ["larder mir\tku\t--pri\t", ["mirror", "kubernetes", "--print"]],
  ["larder completion z\t", ["completion", "zsh"]],
  ["larder inspect --registry r --ra\t", ["inspect", "--registry", "r", "--raw"]],
  ["larder preload some-fi\t", ["preload", "some-file"]],
  ["larder has some-fi\t", ["has", "some-fi"]],
  // What larder has, by the name that is written; a colon and an at-sign end no word.
  ["larder has quite-a\t", ["has", "quite-an-image:1.27"]],
  ["larder rm quite-an-image:1.\t", ["rm", "quite-an-image:1.27"]],
  ["larder inspect local/quite\t", ["inspect", "local/quite-an-image:1.27"]],
  ["larder aci convert quite-a\t", ["aci", "convert", "quite-an-image:1.27"]],
  ["larder aci convert some-fi\t", ["aci", "convert", "some-file"]],
  ["larder client minik\t", ["client", "minikube"]],
  ["larder client --mode spo\t", ["client", "--mode", "spoof"]],
  ["larder cache --platform linux/s3\t quite\t", ["cache", "--platform", "linux/s390x", "quite-an-image:1.27"]],
  ["larder mirror kubernetes --runtime containerd@1\t", ["mirror", "kubernetes", "--runtime", "containerd@1.7"]],
];

const START = {
  bash: { argv: "bash --norc --noprofile -i", before: "" },
  zsh: { argv: "zsh -f -i", before: "autoload -Uz compinit; compinit -u -D; " },
} as const;

let folder: string;
let server: LarderProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-completion-"));
  await Bun.write(join(folder, "some-file"), "");
  await mkdir(join(folder, "bin"));
  await symlink(LARDER, join(folder, "bin", "larder"));
  server = await startLarder();
  await pushImage(server.url, "quite-an-image", smallImage(), "1.27");
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Scripts ask the larder that is on the path, which finds its registry as ever. */
const environment = () => ({
  HOME: folder,
  PATH: `${join(folder, "bin")}:${pathWithSystemFolders()}`,
  LARDER_REGISTRY: hostOf(server.url),
});

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
      environment: { ...environment(), TERM: "dumb", SHELL: "/bin/sh" },
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
      "has quite-a",
      "rm quite-an-image:1.",
      "client minik",
      "client --mode spo",
      "cache --platform linux/s3",
      "mirror kubernetes --runtime containerd@1",
    ];
    const asked = lines.map((line) => `echo "> ${line}"; complete -C "larder ${line}"`).join("; ");
    const { output } = await runCommand(["fish", "--no-config", "-c", `cd ${folder}; source ${script}; ${asked}`], {
      environment: environment(),
    });
    const words = output
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[0]);
    const image = "quite-an-image:1.27";
    const values = ["minikube", "spoof", "linux/s390x", "containerd@1.7"];
    const expected = [
      "--platform",
      "mirror",
      "kubernetes",
      "--print",
      "zsh",
      "some-file",
      null,
      image,
      image,
      ...values,
    ];
    expect(words).toEqual(
      lines.flatMap((line, index) => [`> ${line}`, expected[index]]).filter((word) => word != null),
    );
  });
});

describe("the words that larder is asked for", () => {
  test("are images by their shortest spelling that begins as written, and none where no larder is", async () => {
    const ask = async (prefix: string, registry = hostOf(server.url)) =>
      runCommand([LARDER, "completion-words", "images", prefix], { environment: { LARDER_REGISTRY: registry } });
    expect((await ask("")).output).toBe("quite-an-image:1.27\n");
    expect((await ask("local/")).output).toBe("local/quite-an-image:1.27\n");
    expect((await ask("an-image")).output).toBe("");
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    try {
      for (const registry of ["127.0.0.1:9", `127.0.0.1:${silent.port}`, "no address"]) {
        expect(await ask("q", registry)).toEqual({ status: 0, output: "", errors: "" });
      }
    } finally {
      silent.stop(true);
    }
  });
});

test("what is there for scripts alone, and help verbs that there are not, are not offered", async () => {
  const { output } = await runCommand([LARDER, "completion", "bash"]);
  const wordsOf = (verb: string) => new RegExp(`^ *"${verb}"\\) words="([^"]*)"`, "m").exec(output)?.[1]?.split(" ");
  expect(wordsOf("user")).toEqual(["add", "passwd", "rm", "ls", "--help"]);
  expect(wordsOf("user add")).toContain("--password-stdin");
  expect(wordsOf("user add")).not.toContain("--password");
  expect(wordsOf("client")).toContain("containerd");
  expect(wordsOf("backup")).not.toContain("containerd");
});
