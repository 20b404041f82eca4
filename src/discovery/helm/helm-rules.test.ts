/**
 * How Helm really renders: each chart here gives one list by Helm 3's rules and one by Helm 4's, and both are compared
 * with the programs themselves where they are built.
 */
import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findGoProgram } from "../../../test/go-programs.ts";
import { requirement } from "../../../test/requirement.ts";
import { readChartFolder } from "./chart-files.ts";
import { readChart } from "./chart-images.ts";
import type { HelmMajor } from "./helm-rules.ts";
import { KUBERNETES_VERSION } from "./template-objects.ts";

type Files = Readonly<Record<string, string>>;
type Case = {
  readonly name: string;
  readonly files: Files;
  readonly images: readonly string[];
  readonly inHelm3?: readonly string[];
};

/** A pod for each image, or template of one. */
function pods(...images: readonly string[]): string {
  const pod = (image: string, index: number) =>
    `---\napiVersion: v1\nkind: Pod\nmetadata: {name: p${index}}\nspec:\n  containers:\n    - name: c\n      image: "${image}"`;
  return images.map(pod).join("\n");
}

function chart(name: string, rest = ""): string {
  return `apiVersion: v2\nname: ${name}\nversion: 1.0.0\nappVersion: "1.5"\n${rest}`;
}

const CASES: readonly Case[] = [
  {
    name: "templates run deepest first, names descending, and share their chart's context",
    files: {
      "Chart.yaml": chart("p"),
      "values.yaml": "name: a/zero\n",
      "templates/a.yaml": pods("{{ .Values.name }}:1", "{{ .extra.image }}"),
      "templates/b.yaml":
        '{{ $_ := set .Values "name" (print .Values.name "-b") }}{{ $_ := set . "extra" (dict "image" "a/extra:1") }}',
      "templates/z.yaml": '{{ $_ := set .Values "name" (print .Values.name "-z") }}',
      "templates/deep/a.yaml": '{{ $_ := set .Values "name" (print .Values.name "-deep") }}',
      "templates/NOTES.txt": '{{ $_ := set .Values "name" (print .Values.name "-never") }}',
    },
    images: ["a/extra:1", "a/zero-deep-z-b:1"],
  },
  {
    name: "NOTES.txt runs, before names that are lower",
    files: {
      "Chart.yaml": chart("p"),
      "values.yaml": "name: a/b\n",
      "templates/A.yaml": pods("{{ .Values.name }}:1"),
      "templates/NOTES.txt": '{{ $_ := set .Values "name" "a/notes" }}',
    },
    images: ["a/notes:1"],
  },
  {
    name: "definitions: the shallowest path and the lowest name win, in subcharts too; an empty one replaces none",
    files: {
      "Chart.yaml": chart("p"),
      "templates/_a.tpl":
        '{{ define "x" }}a/low:1{{ end }}{{ define "y" }}  {{ end }}{{ define "w" }}a/parent:1{{ end }}',
      "templates/_z.tpl": '{{ define "x" }}a/high:1{{ end }}{{ define "y" }}a/full:1{{ end }}',
      "templates/p.yaml": pods('{{ include "x" . }}', '{{ include "y" . }}', '{{ include "w" . }}'),
      "charts/c/Chart.yaml": chart("c"),
      "charts/c/templates/_h.tpl": '{{ define "w" }}a/child:1{{ end }}',
      "charts/c/templates/p.yaml": pods('{{ include "w" . | replace "parent" "parent-of-child" }}'),
    },
    images: ["a/full:1", "a/low:1", "a/parent-of-child:1", "a/parent:1"],
  },
  {
    name: "a subchart's values are the very map that its parent holds, and run before it",
    files: {
      "Chart.yaml": chart("p"),
      "values.yaml": "global: {r: a}\nc: {name: one}\n",
      "templates/p.yaml": pods("{{ .Values.global.r }}/{{ .Values.c.name }}:1"),
      "charts/c/Chart.yaml": chart("c"),
      "charts/c/templates/p.yaml": `{{ $_ := set .Values "name" "two" }}{{ $_ := set .Values.global "r" "b" }}${pods("{{ .Values.global.r }}/{{ .Values.name }}:1")}`,
    },
    images: ["a/two:1", "b/two:1"],
  },
  {
    name: "every file below templates is rendered, whatever its ending; those of libraries are not",
    files: {
      "Chart.yaml": chart("p"),
      "templates/plain": pods("a/plain:1"),
      "templates/x.json":
        '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j"},"spec":{"containers":[{"image":"a/json:1"}]}}',
      "templates/_sub/l.yaml": pods("a/sub:1"),
      "templates/sub/_l.yaml": pods("a/never:1"),
      "templates/.hidden.yaml": pods("a/never:2"),
      "charts/lib/Chart.yaml": chart("lib", "type: library\n"),
      "charts/lib/templates/p.yaml": pods("a/never:3"),
      "charts/_off/Chart.yaml": chart("off"),
      "charts/_off/templates/p.yaml": pods("a/never:4"),
    },
    images: ["a/json:1", "a/plain:1", "a/sub:1"],
  },
  {
    name: ".helmignore leaves files out",
    files: {
      "Chart.yaml": chart("p"),
      ".helmignore": "# those\n*.bak\nold/\n/templates/top.yaml\ntemplates/[xy].yaml\n",
      "templates/a.yaml": pods("a/a:1", '{{ .Files.Get "note.bak" | default "a/none:1" }}'),
      "templates/a.bak": pods("a/never:1"),
      "templates/old/a.yaml": pods("a/never:2"),
      "templates/top.yaml": pods("a/never:3"),
      "templates/x.yaml": pods("a/never:4"),
      "note.bak": "a/never:5",
    },
    images: ["a/a:1", "a/none:1"],
  },
  {
    name: ".Files holds neither templates nor charts nor values, and hidden files it does",
    files: {
      "Chart.yaml": chart("p"),
      "values.yaml": "x: 1\n",
      "files/a.yaml": "image: a/file:1\n",
      "files/.b.yaml": "image: a/hidden:1\n",
      "files/deep/c.yaml": "image: a/deep:1\n",
      "templates/a.yaml": pods(
        '{{ .Files.Get "values.yaml" | default "a/no-values:1" }}',
        '{{ .Files.Get "templates/a.yaml" | default "a/no-templates:1" }}',
        '{{ (index (.Files.Lines "files/a.yaml") 0 | fromYaml).image }}',
        '{{ include "globs" . }}',
      ),
      "templates/_g.tpl": `{{ define "globs" }}a/n{{ len (.Files.Glob "files/*.yaml") }}{{ len (.Files.Glob "files/**.yaml") }}{{ len (.Files.Glob "files/{a,x}.yaml") }}:1{{ end }}`,
      "templates/c.yaml":
        '{{ range $k, $v := (.Files.Glob "files/**.yaml").AsConfig | fromYaml }}\n' +
        pods("{{ ($v | fromYaml).image }}") +
        "\n---\n{{ end }}",
    },
    images: ["a/deep:1", "a/file:1", "a/hidden:1", "a/n231:1", "a/no-templates:1", "a/no-values:1"],
  },
  {
    name: "numbers of values are floats, keys of YAML 1.1 are what it says, and sums are whole",
    files: {
      "Chart.yaml": chart("p").replace('"1.5"', "20240101"),
      "values.yaml": "tag: 1.10\nbig: 20240101\noctal: 010\nnewer: 0o14\non: here\nunder: 1_000\n",
      "templates/a.yaml": pods(
        "a/float:{{ .Values.tag }}",
        'a/big:{{ printf "%v" .Values.big | lower | replace "+" "_" }}',
        "a/int:{{ int64 .Values.big }}",
        "a/version:{{ .Chart.AppVersion }}",
        "a/octal:{{ .Values.octal }}",
        "a/newer:{{ .Values.newer }}",
        'a/on:{{ index .Values "true" }}',
        "a/under:{{ .Values.under }}",
        "a/sum:{{ add .Values.big 1 }}",
      ),
    },
    images: [
      "a/big:2.0240101e_07",
      "a/float:1.1",
      "a/int:20240101",
      "a/newer:12",
      "a/octal:8",
      "a/on:here",
      "a/sum:20240102",
      "a/under:1000",
      "a/version:20240101",
    ],
  },
  {
    name: "a null in the parent's values takes the child's default away, in Helm 3 alone",
    files: {
      "Chart.yaml": chart("p"),
      "values.yaml": "c: {image: {tag: null}}\n",
      "charts/c/Chart.yaml": chart("c"),
      "charts/c/values.yaml": 'image: {tag: "9"}\n',
      "charts/c/templates/p.yaml": pods("a/c:{{ .Values.image.tag | default .Chart.AppVersion }}"),
    },
    images: ["a/c:9"],
    inHelm3: ["a/c:1.5"],
  },
  {
    name: "conditions, tags and aliases choose subcharts; what is not in Chart.yaml is on",
    files: {
      "Chart.yaml": chart(
        "p",
        `dependencies:
  - {name: c, version: 1.x, alias: first, condition: "first.none,first.use", tags: [out]}
  - {name: c, version: 1.x, alias: second, condition: second.use}
  - {name: d, version: 1.x, tags: [out, into]}
  - {name: e, version: 1.x, tags: [out]}
`,
      ),
      "values.yaml": "tags: {out: false, into: true}\nfirst: {use: true, name: one}\nsecond: {use: false}\n",
      ...Object.fromEntries(
        ["c", "d", "e", "f"].flatMap((name) => [
          [`charts/${name}/Chart.yaml`, chart(name)],
          [`charts/${name}/templates/p.yaml`, pods(`a/${name}-{{ .Chart.Name }}:{{ .Values.name | default "none" }}`)],
        ]),
      ),
    },
    images: ["a/c-first:one", "a/d-d:none", "a/f-f:none"],
  },
  {
    name: "what lies below a chart with two aliases is rendered for each, or in Helm 3 for the last alone",
    files: {
      "Chart.yaml": chart(
        "p",
        "dependencies:\n  - {name: c, version: 1.x, alias: one}\n  - {name: c, version: 1.x, alias: two}\n",
      ),
      "values.yaml": "one: {inner: {t: first}}\ntwo: {inner: {t: last}}\n",
      "charts/c/Chart.yaml": chart("c"),
      "charts/c/charts/inner/Chart.yaml": chart("inner"),
      "charts/c/charts/inner/templates/p.yaml": pods("a/n:{{ .Values.t }}"),
    },
    images: ["a/n:first", "a/n:last"],
    inHelm3: ["a/n:last"],
  },
  {
    name: "imported values lie below the parent's own",
    files: {
      "Chart.yaml": chart(
        "p",
        "dependencies:\n  - {name: c, version: 1.x, import-values: [data, {child: more, parent: under}]}\n",
      ),
      "values.yaml": "kept: mine\n",
      "charts/c/Chart.yaml": chart("c"),
      "charts/c/values.yaml": "exports: {data: {kept: theirs, got: theirs}}\nmore: {x: z}\n",
      "templates/p.yaml": pods("a/{{ .Values.kept }}:1", "a/{{ .Values.got }}:1", "a/{{ .Values.under.x }}:1"),
    },
    images: ["a/mine:1", "a/theirs:1", "a/z:1"],
  },
  {
    name: "capabilities are those that Helm takes for granted",
    files: {
      "Chart.yaml": chart("p"),
      "templates/p.yaml": pods(
        "a/k:{{ .Capabilities.KubeVersion.Version }}-{{ .Capabilities.KubeVersion.Minor }}",
        ...["apps/v1", "apps/v1/Deployment", "policy/v1beta1", "autoscaling/v2beta2", "monitoring.coreos.com/v1"].map(
          (version) =>
            `a/${version.replace(/[./]/g, "-").toLowerCase()}:{{ .Capabilities.APIVersions.Has "${version}" | print }}`,
        ),
      ),
    },
    images: [
      "a/apps-v1-deployment:false",
      "a/apps-v1:true",
      "a/autoscaling-v2beta2:false",
      `a/k:${KUBERNETES_VERSION}-37`,
      "a/monitoring-coreos-com-v1:false",
      "a/policy-v1beta1:true",
    ],
  },
  {
    name: "tpl has definitions and a dollar of its own, and an include that prints nothing prints no value",
    files: {
      "Chart.yaml": chart("p"),
      "values.yaml": 't: \'{{ define "in" }}a/in:1{{ end }}{{ include "in" $ }}\'\nown: {x: "a/dollar:1"}\n',
      "templates/_h.tpl": '{{ define "none" }}{{ .Values.nothing }}{{ end }}',
      "templates/p.yaml": pods(
        "{{ tpl .Values.t . }}",
        '{{ tpl "{{ $.x }}" .Values.own }}',
        'a/{{ if include "none" . }}yes{{ else }}no{{ end }}:1',
        'a/{{ (fromYaml "a: [").Error | empty | ternary "silent" "said" }}:1',
      ),
    },
    images: ["a/dollar:1", "a/in:1", "a/said:1", "a/yes:1"],
  },
];

const programs: readonly [HelmMajor, string | null][] = [
  [3, requirement("go:helm").met ? findGoProgram("helm") : null],
  [4, requirement("go:helm-4").met ? findGoProgram("helm-4") : null],
];

async function inFolder<T>(files: Files, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "larder-helm-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

describe.each(programs)("by the rules of Helm %d", (major, program) => {
  test.each([...CASES])("$name", async ({ files, images, inHelm3 }) => {
    await inFolder(files, async (folder) => {
      const findings = readChart(folder, await readChartFolder(folder), major);
      expect(sorted(findings.images.map(({ written }) => written))).toEqual([
        ...(major === 3 ? (inHelm3 ?? images) : images),
      ]);
      expect(findings.problems).toEqual([]);
    });
  });

  test.skipIf(program === null).each([...CASES])("Helm itself: $name", async ({ files, images, inHelm3 }) => {
    await inFolder(files, async (folder) => {
      const helm = Bun.spawn(
        [program ?? "", "template", "release-name", folder, "--kube-version", KUBERNETES_VERSION],
        { stderr: "pipe" },
      );
      const [output, complaint] = await Promise.all([helm.stdout.text(), helm.stderr.text()]);
      expect(complaint).not.toContain("Error");
      const named = [...output.matchAll(/"?image"?:\s*"([^"]*)"/g)].map(([, image = ""]) => image);
      expect(sorted(named)).toEqual([...(major === 3 ? (inHelm3 ?? images) : images)]);
    });
  });
});
