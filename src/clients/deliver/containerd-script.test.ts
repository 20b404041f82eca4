/** What the script for containerd makes of configurations that import others, with containerd beside it and without. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../../test/debian-packages.ts";
import { findGoProgram } from "../../../test/go-programs.ts";
import { requirement } from "../../../test/requirement.ts";
import { renderScript } from "./render-script.ts";
import { type ClientTarget, findClientTarget } from "../targets/targets.ts";
import { SHELLS, TestNode } from "./node.fixture.ts";
import { testSettings } from "../settings.fixture.ts";

const SCRIPT = renderScript(findClientTarget("containerd") as ClientTarget, testSettings("http"));
const FOLDER = "/etc/containerd/certs.d";
const IMPORTS = 'imports = ["/etc/containerd/conf.d/*.toml"]\n';
const CRI = 'plugins."io.containerd.grpc.v1.cri"';
const IMAGES = 'plugins."io.containerd.cri.v1.images"';

type Outcome = { readonly wrote: RegExp } | { readonly refused: string } | "nothing to write";
type Case = {
  readonly name: string;
  readonly config: string;
  /** Files of /etc/containerd, by name. */
  readonly imported: Readonly<Record<string, string>>;
  readonly outcome: Outcome;
};

/** Runs the script on a node with these files. Whatever is refused changes nothing; undo brings all back. */
async function expectOutcome(
  { config, imported, outcome }: Case,
  shell: readonly string[],
  containerd: string | null,
): Promise<void> {
  await using node = await TestNode.make();
  // With a containerd to ask, imports mean the machine that it runs on.
  const place = (text: string) => (containerd === null ? text : text.replaceAll('"/etc/', `"${node.root}/etc/`));
  const here = (text: string) => text.replace(/^imports = .*$/m, place);
  await node.put("etc/containerd/config.toml", here(config));
  for (const [name, text] of Object.entries(imported)) await node.put(`etc/containerd/${name}`, here(text));
  const before = await node.picture();
  const environment: Record<string, string> = containerd === null ? {} : { LARDER_CONTAINERD: containerd };
  const { exitCode, messages } = node.run(SCRIPT, shell, "join", environment);
  if (outcome !== "nothing to write" && "refused" in outcome) {
    expect(messages).toContain(`/etc/containerd/config.toml: ${outcome.refused}`);
    expect(messages).toContain("nothing was changed");
    expect(exitCode).toBe(1);
    expect(await node.picture()).toEqual(before);
    return;
  }
  expect([exitCode, messages]).toEqual([0, expect.stringContaining("done") as string]);
  const written = await node.read("etc/containerd/config.toml");
  if (outcome === "nothing to write") expect(written).toBe(here(config));
  else expect(written).toMatch(outcome.wrote);
  expect(node.run(SCRIPT, shell, "undo").exitCode).toBe(0);
  expect(await node.picture()).toEqual(before);
}

const SET = /config_path = "\/etc\/containerd\/certs\.d"/;

/** Where there is nobody to ask, what may go past is refused. */
const ALONE: readonly Case[] = [
  {
    name: "an import that sets another folder",
    config: `version = 3\n${IMPORTS}`,
    imported: { "conf.d/10-site.toml": `version = 3\n[${IMAGES}.registry]\n  config_path = "/etc/site/certs.d"\n` },
    outcome: {
      refused: "it imports /etc/containerd/conf.d/10-site.toml, which sets config_path to /etc/site/certs.d (line 3)",
    },
  },
  {
    name: "an import that sets a list",
    config: `version = 2\n${IMPORTS}[${CRI}.registry]\nconfig_path = "${FOLDER}"\n`,
    imported: { "conf.d/x.toml": `version = 2\n[${CRI}]\nregistry.config_path = '${FOLDER}:/etc/docker/certs.d'\n` },
    outcome: {
      refused: "it imports /etc/containerd/conf.d/x.toml, which sets config_path to /etc/containerd/certs.d:",
    },
  },
  {
    name: "an import that sets something else of the plugin, which old versions take whole",
    config: `version = 2\n${IMPORTS}`,
    imported: { "conf.d/gpu.toml": `version = 2\n[${CRI}.containerd.runtimes.gpu]\nruntime_type = "x"\n` },
    outcome: { refused: "it imports /etc/containerd/conf.d/gpu.toml, which sets the same plugin" },
  },
  {
    name: "mirrors in an import of an import, by a relative name",
    config: `version = 2\nimports = [\n  # the site's\n  'site/a.toml', ]\n`,
    imported: {
      "site/a.toml": 'imports = ["../site/b.toml"]\n',
      "site/b.toml": `version = 2\n[${CRI}.registry.mirrors."docker.io"]\nendpoint = ["https://m"]\n`,
    },
    outcome: {
      refused: "it imports /etc/containerd/site/../site/b.toml, which configures registries in the old way (line 2)",
    },
  },
  {
    name: "an import that says the same",
    config: `version = 2\n${IMPORTS}`,
    imported: { "conf.d/x.toml": `version = 2\n[${CRI}.registry]\nconfig_path = "${FOLDER}/"\n` },
    outcome: { wrote: SET },
  },
  {
    name: "imports of other things, of nothing, and of itself",
    config: `version = 3\nimports = ["/etc/containerd/*.toml", "/etc/nowhere/*.toml", "/etc/gone.toml"]\n`,
    imported: { "x.toml": 'version = 3\n[plugins."io.containerd.transfer.v1.local"]\nconfig_path = "/etc/mine"\n' },
    outcome: { wrote: SET },
  },
];

describe("without a containerd to ask", () => {
  for (const shell of SHELLS) {
    test.skipIf(Bun.which(shell[0]) === null).each(ALONE.map((one) => [one.name, one] as const))(
      `%s, under ${shell.join(" ")}`,
      (_, one) => expectOutcome(one, shell, null),
    );
  }
});

const NEW = ["2.2", "2.4"];

function caseOf(name: string): Case {
  const found = ALONE.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

/** What containerd's own dump decides, in version 1 and in 2.2 and later. */
const ASKED: readonly (Case & { readonly only?: readonly string[] })[] = [
  { ...caseOf("an import that sets another folder"), only: NEW },
  caseOf("an import that sets a list"),
  { ...caseOf("an import that says the same"), outcome: "nothing to write" },
  {
    name: "an import that sets something else of the plugin, with a containerd that takes it whole",
    config: `version = 2\n${IMPORTS}`,
    imported: { "conf.d/gpu.toml": `version = 2\n[${CRI}.containerd.runtimes.gpu]\nruntime_type = "x"\n` },
    outcome: { refused: "it imports /etc/containerd/conf.d/gpu.toml, which sets the same plugin" },
    only: ["Debian's"],
  },
  {
    name: "the same, with one that merges",
    config: `version = 2\n${IMPORTS}`,
    imported: { "conf.d/gpu.toml": `version = 2\n[${CRI}.containerd.runtimes.gpu]\nruntime_type = "x"\n` },
    outcome: { wrote: SET },
    only: NEW,
  },
  {
    name: "a folder that an import sets rightly",
    config: `version = 3\n${IMPORTS}`,
    imported: { "conf.d/x.toml": `version = 3\n[${IMAGES}.registry]\nconfig_path = "${FOLDER}"\n` },
    outcome: "nothing to write",
    only: NEW,
  },
  {
    name: "a form that is not understood here, and right",
    config: `version = 2\n[${CRI}]\nregistry.config_path = "${FOLDER}"\n`,
    imported: {},
    outcome: "nothing to write",
  },
  {
    name: "the table of the other version, which has no effect before 2.3",
    config: `version = 3\n[${CRI}.registry]\nconfig_path = "${FOLDER}"\n`,
    imported: {},
    outcome: { wrote: /v1\.images"\.registry\]\n {2}config_path = / },
    only: ["2.2"],
  },
  {
    name: "a file that containerd does not take",
    config: `version = 2\nroot = 7\n`,
    imported: {},
    outcome: { refused: "containerd does not take this file as it is: " },
  },
  {
    name: "a file of a version that this containerd does not read",
    config: `version = 3\n[${IMAGES}.registry]\nconfig_path = ""\n`,
    imported: {},
    outcome: { refused: "it is of configuration version 3, of which containerd 1.6 reads no plugin" },
    only: ["Debian's"],
  },
];

const PROGRAMS = [
  { name: "Debian's", program: findProgram("containerd"), need: "containerd" },
  { name: "2.2", program: findGoProgram("containerd-2.2"), need: "go:containerd-2.2" },
  { name: "2.4", program: findGoProgram("containerd-2.4"), need: "go:containerd-2.4" },
] as const;

describe.each(PROGRAMS)("with containerd, $name", ({ name, program, need }) => {
  const cases = ASKED.filter(({ only = [name] }) => only.includes(name));
  test.skipIf(!requirement(need).met).each(cases.map((one) => [one.name, one] as const))("%s", (_, one) =>
    expectOutcome(one, SHELLS[0], program),
  );
});

const UNIT = "[Service]\nEnvironment=CONTAINERD_CONFIG=/usr/share/c.toml X=y\nExecStart=/usr/bin/containerd";
const DROP_IN = "etc/systemd/system/containerd.service.d/10-x.conf";

/** Where none runs: files below the root, and the beginning of what is refused. */
const PLACES: readonly [string, Readonly<Record<string, string>>, string][] = [
  [
    "its service starts it with a file of the system's",
    { "lib/systemd/system/containerd.service": `${UNIT} \\\n  --config \${NOT_SET}\${CONTAINERD_CONFIG}\n` },
    "/usr/share/c.toml: containerd reads /usr/share/c.toml, which is the system's own",
  ],
  [
    "a file of variables may say which file it reads",
    { "lib/systemd/system/containerd.service": `${UNIT} -c $ELSEWHERE\n` },
    "/etc/containerd/config.toml: the service of containerd starts it with --config $ELSEWHERE, and",
  ],
  [
    "k3s brings its own",
    { "etc/rancher/k3s/config.yaml": "" },
    "/etc/containerd/config.toml: no containerd is here but that of k3s, which reads another file. Use /client/k3s.sh",
  ],
];

describe("where containerd does not run", () => {
  for (const shell of SHELLS) {
    test.skipIf(Bun.which(shell[0]) === null).each(PLACES)(
      `and %s, it is refused, under ${shell.join(" ")}`,
      async (_, files, message) => {
        await using node = await TestNode.make();
        for (const [path, text] of Object.entries(files)) await node.put(path, text);
        const before = await node.picture();
        const { exitCode, messages } = node.run(SCRIPT, shell);
        expect(messages).toContain(`larder: ${message}`);
        expect(exitCode).toBe(1);
        expect(await node.picture()).toEqual(before);
      },
    );
  }

  test("the file that its service names is the one that is written", async () => {
    await using node = await TestNode.make();
    await node.put("lib/systemd/system/containerd.service", `${UNIT} --config \${CONTAINERD_CONFIG}\n`);
    await node.put(DROP_IN, `[Service]\nExecStart=\nExecStart=/usr/bin/containerd "--config=/etc/site/c.toml"\n`);
    const before = await node.picture();
    expect(node.run(SCRIPT, SHELLS[0]).exitCode).toBe(0);
    expect(await node.read("etc/site/c.toml")).toMatch(SET);
    expect(node.run(SCRIPT, SHELLS[0], "undo").exitCode).toBe(0);
    expect(await node.picture()).toEqual(before);
  });

  test("a link to the system's own file is not written through", async () => {
    await using node = await TestNode.make();
    await node.put("usr/share/c.toml", "version = 2\n");
    await mkdir(join(node.root, "etc/containerd"), { recursive: true });
    await symlink("../../usr/share/c.toml", join(node.root, "etc/containerd/config.toml"));
    expect(node.run(SCRIPT, SHELLS[0]).messages).toContain("containerd reads /usr/share/c.toml, which is the system's");
    expect(await node.read("usr/share/c.toml")).toBe("version = 2\n");
  });

  test("a link to another file of the site's stays a link, with its file joined and undone", async () => {
    await using node = await TestNode.make();
    await node.put("srv/c.toml", "version = 2\n");
    await mkdir(join(node.root, "etc/containerd"), { recursive: true });
    await symlink("../../srv/c.toml", join(node.root, "etc/containerd/config.toml"));
    const before = await node.picture();
    expect(node.run(SCRIPT, SHELLS[0]).exitCode).toBe(0);
    expect(await node.read("srv/c.toml")).toMatch(SET);
    expect(node.run(SCRIPT, SHELLS[0], "undo").exitCode).toBe(0);
    expect(await node.picture()).toEqual(before);
  });
});

describe("containerd-facts.awk", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-facts-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const text = `# imports = ["no"]
imports = ["/a/*.toml", 'b.toml', # "c"
  "d#e[0-9].toml" ]
version = 2\r
disabled_plugins = ["io.containerd.internal.v1.opt",
  'cri']
[plugins]
  [plugins.'io.containerd.cri.v1.images'.registry]   # [here]
    config_path = '/x'
    mirrors = {}
  [plugins."io.containerd.transfer.v1.local"]
    config_path = "/y"
  [plugins.'io.containerd.nri.v1.nri']
    plugin_config_path = '/z'
[plugins.cri]
  registry = { config_path = "/w" }
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."[fd00::5]:5000"]
  endpoint = []
`;
  const facts = [
    "import /a/*.toml",
    "import b.toml",
    "import d#e[0-9].toml",
    "disabled",
    "sets images",
    "path images 9 /x",
    "sets cri",
    "path cri 16 /w",
    "mirrors cri 17",
  ];

  for (const awk of [["mawk"], ["busybox", "awk"], ["gawk"]]) {
    test.skipIf(!requirement(awk[0] ?? "").met)(`reads what matters, under ${awk.join(" ")}`, async () => {
      const file = join(folder, "config.toml");
      await writeFile(file, text);
      const program = join(import.meta.dir, "../script/containerd-facts.awk");
      const { stdout } = Bun.spawnSync([...awk, "-f", program, file], { env: { ...process.env, LC_ALL: "C" } });
      const lines = stdout.toString().trimEnd().split("\n");
      expect([...new Set(lines)]).toEqual(facts);
    });
  }
});
