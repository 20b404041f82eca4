import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../../../test/requirement.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RegistriesFile, orderRegistries } from "./registries-precedence.ts";
import { registriesConf } from "../targets/containers.ts";
import { testSettings } from "../settings.fixture.ts";

type Place = RegistriesFile["place"];

const MIRROR = '[[registry.mirror]]\nlocation = "10.0.0.5:5000/docker.io"\ninsecure = true\n';
const ELSEWHERE = '[[registry.mirror]]\nlocation = "mirror.example"\n';

/** What somebody else wrote, where it stands, and what larder has to say: `LINE what`, or nothing. */
const CASES: readonly [name: string, place: Place, text: string, said: readonly string[]][] = [
  [
    "a later table",
    "after",
    `[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n${ELSEWHERE}`,
    ["1: its table for docker.io is read after"],
  ],
  [
    "a later table by location, in other words",
    "after",
    `# site\n[["registry"]]\n"location"  =  'docker.io/' # ours\n`,
    ["2: its table for docker.io is read after"],
  ],
  ["a later table that leads to larder, too", "after", `[[registry]]\nlocation = "docker.io"\n${MIRROR}`, []],
  [
    "a later table that leads to larder second",
    "after",
    `[[registry]]\nlocation = "docker.io"\n${ELSEWHERE}${MIRROR}`,
    ["1: its table for docker.io is read after"],
  ],
  [
    "a later table that leads to larder for digests alone",
    "after",
    `[[registry]]\nlocation = "docker.io"\nmirror-by-digest-only = true\n${MIRROR}`,
    ["1: its table for docker.io is read after"],
  ],
  [
    "a later table whose mirror is for digests alone",
    "after",
    `[[registry]]\nlocation = "docker.io"\n${MIRROR}pull-from-mirror = "digest-only"\n`,
    ["1: its table for docker.io is read after"],
  ],
  [
    "a later table that blocks",
    "after",
    `[[registry]]\nlocation = "docker.io"\nblocked = true\n${MIRROR}`,
    ["1: its table for docker.io is read after"],
  ],
  [
    "a later table for larder itself, without plain HTTP",
    "after",
    '[[registry]]\nlocation = "10.0.0.5:5000"\n',
    ["1: its table for 10.0.0.5:5000 is read after"],
  ],
  [
    "an earlier table, which larder's replaces",
    "before",
    `[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n${ELSEWHERE}`,
    [],
  ],
  [
    "an earlier table that blocks",
    "before",
    'x = 1\n[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\nblocked = true\n',
    ["2: it blocks docker.io"],
  ],
  [
    "a narrower table",
    "before",
    '\n[[registry]]\nprefix = "docker.io/library"\nlocation = "127.0.0.1:9/library"\n',
    ["2: its table for docker.io/library counts more"],
  ],
  [
    "a narrower table with a tag",
    "after",
    '[[registry]]\nprefix = "docker.io/library/nginx:1.27"\nlocation = "x.example/n"\n',
    ["1: its table for docker.io/library/nginx:1.27 counts more"],
  ],
  [
    "a narrower table that leads to larder",
    "before",
    '[[registry]]\nprefix = "docker.io/library"\nlocation = "docker.io/library"\n[[registry.mirror]]\nlocation = "10.0.0.5:5000/docker.io/library"\ninsecure = true\n',
    [],
  ],
  [
    "the first of two tables in a file, which counts",
    "after",
    `[[registry]]\nlocation = "docker.io"\n${MIRROR}[[registry]]\nlocation = "docker.io"\n`,
    [],
  ],
  [
    "names that begin alike",
    "after",
    '[[registry]]\nlocation = "docker.io.example"\n[[registry]]\nlocation = "docker.iox/library"\n[[registry]]\nlocation = "docker.io:444"\n',
    [],
  ],
  [
    "other registries",
    "after",
    '[[registry]]\nlocation = "quay.io"\nblocked = true\n[aliases]\n"alpine" = "docker.io/library/alpine"\n',
    [],
  ],
  [
    "shorter stars",
    "after",
    '[[registry]]\nprefix = "*.k8s.io"\nlocation = "x.example"\n[[registry]]\nprefix = "*.docker.io"\n[[registry]]\nprefix = "*.io"\n',
    [],
  ],
  [
    "a star that is as long",
    "before",
    '[[registry]]\nprefix = "*.example.com"\nlocation = "x.example"\n',
    ["1: its table for *.example.com counts more than larder's for r.example.com"],
  ],
  [
    "tables in one line",
    "after",
    'registry = [{ prefix = "docker.io", location = "docker.io", mirror = [{ location = "m.example" }] }]\n',
    ["1: its table for docker.io is read after"],
  ],
  [
    "a list over lines, with comments",
    "after",
    'unqualified-search-registries = [ # where\n  "docker.io", # first\n\n  "quay.io",\n]\n[[registry]]\nlocation = "docker.io"\n',
    ["6: its table for docker.io is read after"],
  ],
  [
    "a heading inside a text",
    "after",
    'x = """\n[[registry]]\nlocation = "docker.io"\n"""\ny = \'\'\'\n[[registry]]\'\'\'\n',
    [],
  ],
  [
    "ends of lines as on Windows",
    "after",
    '[[registry]]\r\nlocation = "docker.io"\r\n',
    ["1: its table for docker.io is read after"],
  ],
  [
    "a name with escapes",
    "after",
    '[[registry]]\nlocation = "docker\\u002eio"\n',
    ["1: its table for docker.io is read after"],
  ],
  [
    "version 1, whose block larder would lift",
    "before",
    '[registries.search]\nregistries = ["quay.io"]\n[registries.block]\nregistries = [\n"evil.example", "docker.io"]\n',
    ["5: it blocks docker.io"],
  ],
  [
    "version 1",
    "before",
    '[registries.search]\nregistries = ["docker.io"]\n[registries.insecure]\nregistries = ["10.0.0.1:5000"]\n[registries.block]\nregistries = []\n',
    [],
  ],
  ["version 1 in a drop-in", "after", "[registries.search]\nregistries = []\n", [" it is in version 1"]],
  [
    "versions 1 and 2",
    "before",
    'unqualified-search-registries = ["docker.io"]\n[registries.insecure]\nregistries = []\n',
    [" it mixes versions 1 and 2"],
  ],
  ["root's own file", "home", 'unqualified-search-registries = ["docker.io"]\n', [" where it is, Podman"]],
  [
    "a drop-in of root's own",
    "homedir",
    '[[registry]]\nlocation = "registry.k8s.io"\n',
    ["1: its table for registry.k8s.io is read after"],
  ],
  [
    "a table without a location",
    "before",
    '[[registry]]\nprefix = "quay.io"\nblocked = true\n',
    ["1: a table without a location"],
  ],
  [
    "a table with a scheme",
    "after",
    'x = 1\n[[registry]]\nlocation = "https://quay.io/"\n',
    ["2: a table with a scheme"],
  ],
  ["nothing", "before", "", []],
];

const PATHS: Readonly<Record<Place, string>> = {
  home: "/root/.config/containers/registries.conf",
  before: "/etc/containers/registries.conf",
  ours: "/etc/containers/registries.conf.d/50-larder.conf",
  after: "/etc/containers/registries.conf.d/99-site.conf",
  homedir: "/root/.config/containers/registries.conf.d/site.conf",
};
const ORDER: readonly Place[] = ["home", "before", "ours", "after", "homedir"];
const LARDERS = registriesConf(testSettings("http", { standIns: ["docker.io", "registry.k8s.io", "r.example.com"] }));

function filesWith(place: Place, text: string): readonly RegistriesFile[] {
  const files: RegistriesFile[] = [
    { place, text, path: PATHS[place] },
    { place: "ours", text: LARDERS, path: PATHS.ours },
  ];
  return files.sort((a, b) => ORDER.indexOf(a.place) - ORDER.indexOf(b.place));
}

/** Each as the program for nodes says it. */
function saidHere(files: readonly RegistriesFile[]): readonly string[] {
  return orderRegistries(files).shadows.map(
    ({ path, line, message }) => `${path}${line === null ? "" : `:${line}`}: ${message}`,
  );
}

describe("orderRegistries", () => {
  test.each(CASES)("%s", (_, place, text, said) => {
    const found = saidHere(filesWith(place, text));
    expect(found).toEqual(said.map((words) => expect.stringContaining(`${PATHS[place]}:${words}`) as string));
  });

  test("a file that is no TOML is one with which nothing is pulled", () => {
    for (const text of ['[[registry]\nlocation = "docker.io"\n', "registry = 3\n", 'location = "docker.io\n']) {
      expect(saidHere(filesWith("after", text)).join()).toContain("nothing is pulled at all");
    }
  });
});

const program = join(import.meta.dir, "../script/registries-conf.awk");
const AWKS = [["mawk"], ["busybox", "awk"], ["gawk", "--posix"], ["original-awk"]] as const;

for (const awk of AWKS) {
  describe.skipIf(!requirement(awk[0]).met)(`registries-conf.awk under ${awk.join(" ")}`, () => {
    let folder = "";
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "larder-registries-"));
    });
    afterAll(() => rm(folder, { recursive: true }));

    async function saidThere(files: readonly RegistriesFile[]): Promise<readonly string[]> {
      const list = await Promise.all(
        files.map(async ({ path, place, text }, index) => {
          const file = join(folder, `${index}.conf`);
          await writeFile(file, text);
          return `${place}\t${file}\t${path}\n`;
        }),
      );
      await writeFile(join(folder, "list"), list.join(""));
      const { exitCode, stdout, stderr } = Bun.spawnSync([...awk, "-f", program, join(folder, "list")], {
        env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      });
      expect(stderr.toString()).toBe("");
      const lines = stdout.toString().split("\n").slice(0, -1);
      expect(exitCode).toBe(lines.length > 0 ? 4 : 0);
      return lines;
    }

    test.each(CASES)("says the same of %s", async (_, place, text) => {
      const files = filesWith(place, text);
      expect(await saidThere(files)).toEqual(saidHere(files));
    });

    test("says the line where it loses the thread", async () => {
      for (const text of [
        'x = 1\n[[registry]\nlocation = "a"\n',
        'x = 1\nlocation = "docker.io\n',
        "x = 1\ny = [1,\n",
        "x = 1\ny\n",
        "x = 1\ny = {a = 1\n",
        'x = 1\ny = """\n',
        "x = 1\n= 2\n",
        "x = 1\n[a] b\n",
      ]) {
        expect((await saidThere(filesWith("after", text))).join("\n")).toMatch(
          /99-site\.conf:[23]: .*nothing is pulled/,
        );
      }
    });
  });
}
