import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mergeContainerd } from "./merge-containerd.ts";
import type { MergeResult } from "./merge-result.ts";
import { requirement } from "../../../test/requirement.ts";

const FOLDER = "/etc/containerd/certs.d";
const OLD = 1;
const NEW = 2;

type Case = {
  readonly name: string;
  readonly text: string;
  readonly containerd?: number;
  /** A text; with `note` beside it where a person is told of what went. */
  readonly becomes:
    | string
    | { readonly text: string; readonly note: string }
    | { readonly note: string | null }
    | { readonly reason: string };
};

const CASES: readonly Case[] = [
  {
    name: "no file, an unknown or old containerd",
    text: "",
    becomes: `version = 2\n\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${FOLDER}"\n`,
  },
  {
    name: "no file, containerd 2.x",
    text: "",
    containerd: NEW,
    becomes: `version = 3\n\n[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "${FOLDER}"\n`,
  },
  {
    name: "comments alone",
    text: "# mine\n",
    becomes: `# mine\nversion = 2\n\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${FOLDER}"\n`,
  },
  {
    name: "another part of the plugin",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "pause:3.9"',
    becomes: `version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "pause:3.9"\n\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${FOLDER}"\n`,
  },
  {
    name: "an empty config_path, single quotes, a comment, as 'config default' of 2.x has it",
    text: "version = 3\n\n[plugins]\n  [plugins.'io.containerd.cri.v1.images']\n    [plugins.'io.containerd.cri.v1.images'.registry]  # here\n      config_path = ''  # none\n",
    containerd: NEW,
    becomes: `version = 3\n\n[plugins]\n  [plugins.'io.containerd.cri.v1.images']\n    [plugins.'io.containerd.cri.v1.images'.registry]  # here\n      config_path = "${FOLDER}"  # none\n`,
  },
  {
    name: "a table without config_path",
    text: 'version = 2\n[ plugins . "io.containerd.grpc.v1.cri" . registry ]\n  x = 1\n',
    becomes: `version = 2\n[ plugins . "io.containerd.grpc.v1.cri" . registry ]\n  config_path = "${FOLDER}"\n  x = 1\n`,
  },
  {
    name: "an empty table of mirrors below",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors]\n[x]\n',
    becomes: `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${FOLDER}"\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors]\n[x]\n`,
  },
  {
    name: "a list of folders, as 'config default' of 2.2 has it, which CRI's pulls take for one",
    text: `version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = '${FOLDER}:/etc/docker/certs.d'\n`,
    containerd: NEW,
    becomes: {
      text: `version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = "${FOLDER}"\n`,
      note: `config_path was ${FOLDER}:/etc/docker/certs.d`,
    },
  },
  {
    name: "a list in a file of version 2, the folder at its end",
    text: `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/docker/certs.d:${FOLDER}"\n`,
    becomes: {
      text: `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "${FOLDER}"\n`,
      note: `config_path was /etc/docker/certs.d:${FOLDER}`,
    },
  },
  {
    name: "the folder alone, with a slash at its end",
    text: `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "${FOLDER}/"\n`,
    becomes: { note: null },
  },
  {
    name: "a list without the folder",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/mine:/etc/docker/certs.d"\n',
    becomes: { reason: "line 3 sets config_path to /etc/mine:/etc/docker/certs.d" },
  },
  {
    name: "mirrors beside the folder",
    text: `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "${FOLDER}"\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."[fd00::5]:5000"]\nendpoint = []\n`,
    becomes: { reason: "line 4 configures registries in the old way" },
  },
  {
    name: "config_path that somebody chose",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/mine"\n',
    becomes: { reason: "line 3 sets config_path to /etc/mine." },
  },
  {
    name: "old mirrors, which containerd forbids beside config_path",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m"]\n',
    becomes: { reason: "line 2 configures registries in the old way" },
  },
  {
    name: "old TLS settings",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = ""\n[plugins."io.containerd.grpc.v1.cri".registry.configs."r".tls]\nca_file = "x"\n',
    becomes: { reason: "line 4 configures registries in the old way" },
  },
  {
    name: "CRI disabled, as Docker's package has it",
    text: '#comment\ndisabled_plugins = [\n  "cri",\n]\n',
    becomes: { note: "it disables CRI" },
  },
  { name: "version 1", text: "[plugins.cri]\n", becomes: { reason: "configuration version 1" } },
  {
    name: "an explicit version 1",
    text: "version = 1\n[plugins.cri]\n",
    becomes: { reason: "configuration version 1" },
  },
  {
    name: "an inline table",
    text: 'version = 2\nplugins = { "x" = 1 }\n',
    becomes: { reason: "line 2 sets the plugin" },
  },
  {
    name: "a dotted key",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nregistry.config_path = "/x"\n',
    becomes: { reason: "line 3 sets the plugin" },
  },
  {
    name: "mirrors in one line",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nmirrors = { x = 1 }\n',
    becomes: { reason: "line 3 sets the plugin" },
  },
  {
    name: "lines that end as on Windows",
    text: 'version = 2\r\n[plugins."io.containerd.grpc.v1.cri".registry]\r\n  config_path = ""\r\n',
    becomes: `version = 2\r\n[plugins."io.containerd.grpc.v1.cri".registry]\r\n  config_path = "${FOLDER}"\r\n`,
  },
  {
    name: "lines that end as on Windows, without the table",
    text: "version = 3\r\n[debug]\r\n",
    becomes: `version = 3\r\n[debug]\r\n\r\n[plugins."io.containerd.cri.v1.images".registry]\r\n  config_path = "${FOLDER}"\r\n`,
  },
  {
    name: "a header of odd spacing, with quotes in its comment, and quoted keys",
    text: `'version'=2\n\t[ "plugins" .'io.containerd.grpc.v1.cri'. registry ]# the "site's\n'config_path'\t=""\n`,
    becomes: `'version'=2\n\t[ "plugins" .'io.containerd.grpc.v1.cri'. registry ]# the "site's\n'config_path'\t= "${FOLDER}"\n`,
  },
  {
    name: "config_path twice",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = ""\nconfig_path = ""\n',
    becomes: { reason: "line 4 says again what line 3 says" },
  },
  {
    name: "the table twice",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n[x]\n[plugins."io.containerd.grpc.v1.cri".registry]\n',
    becomes: { reason: "line 4 says again what line 2 says" },
  },
  {
    name: "a string of several lines",
    text: 'version = 2\nx = """\n[a]\n"""\n',
    becomes: { reason: "line 2 has a string" },
  },
  {
    name: "an escape in config_path",
    text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/a\\u0062"\n',
    becomes: { reason: "line 3 is not understood" },
  },
];

function expectation({ becomes }: Case): MergeResult {
  if (typeof becomes === "string") return { kind: "merged", text: becomes, note: null };
  if ("text" in becomes) return { ...becomes, kind: "merged", note: expect.stringContaining(becomes.note) as string };
  if ("reason" in becomes) return { kind: "impossible", reason: expect.stringContaining(becomes.reason) as string };
  return { kind: "unchanged", note: becomes.note === null ? null : (expect.stringContaining(becomes.note) as string) };
}

describe("mergeContainerd", () => {
  for (const example of CASES) {
    test(example.name, () => {
      expect(mergeContainerd(example.text, FOLDER, example.containerd ?? OLD)).toEqual(expectation(example));
    });
  }

  test("writes TOML that says so, and leaves it the second time", () => {
    for (const { text, containerd } of CASES) {
      const result = mergeContainerd(text, FOLDER, containerd ?? OLD);
      if (result.kind !== "merged") continue;
      expect(JSON.stringify(Bun.TOML.parse(result.text))).toContain(`"config_path":"${FOLDER}"`);
      expect(mergeContainerd(result.text, FOLDER, containerd ?? OLD)).toEqual({ kind: "unchanged", note: null });
    }
  });
});

describe("merge-containerd.awk", () => {
  for (const awk of [["mawk"], ["busybox", "awk"], ["gawk"]]) {
    test.skipIf(!requirement(awk[0] ?? "").met)(`does the same under ${awk.join(" ")}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "larder-merge-"));
      try {
        for (const { text, containerd = OLD } of CASES) {
          expect(await awkMerge(awk, folder, text, containerd)).toEqual(mergeContainerd(text, FOLDER, containerd));
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});

async function awkMerge(awk: readonly string[], folder: string, text: string, major: number): Promise<MergeResult> {
  const [file, why] = [join(folder, "file"), join(folder, "why")];
  await Promise.all([writeFile(file, text), writeFile(why, "")]);
  const program = join(import.meta.dir, "../script/merge-containerd.awk");
  const values = [`folder=${FOLDER}`, `major=${major}`, `why=${why}`].flatMap((value) => ["-v", value]);
  const { stdout, exitCode } = Bun.spawnSync([...awk, ...values, "-f", program, file], {
    env: { ...process.env, LC_ALL: "C" },
  });
  const reason = (await Bun.file(why).text()).trimEnd();
  const note = reason === "" ? null : reason;
  if (exitCode === 0) return { kind: "merged", text: stdout.toString(), note };
  return exitCode === 3 ? { kind: "unchanged", note } : { kind: "impossible", reason };
}
