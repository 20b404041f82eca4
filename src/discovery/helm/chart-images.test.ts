import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Findings } from "../found/found-image.ts";
import { readChartArchive } from "./chart-files.ts";
import { type ChartRules, PLAIN_RULES, readChart, scanChart } from "./chart-images.ts";
import { findHelm } from "./helm-program.ts";
import { findGoProgram } from "../../../test/go-programs.ts";
import { requirement } from "../../../test/requirement.ts";

const POD = (image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: c\n      image: ${image}\n`;

const CHART: Record<string, string> = {
  "Chart.yaml": `apiVersion: v2
name: top
version: 1.0.0
appVersion: "2.5"
dependencies:
  - {name: db, version: 1.x, alias: store, condition: store.enabled}
  - {name: spare, version: 1.x, condition: spare.enabled}
  - {name: tagged, version: 1.x, tags: [extras]}
`,
  "values.yaml": `global: {imageRegistry: registry.corp.example}
image: {repository: team/app, tag: ""}
store: {enabled: yes, image: {tag: "16"}}
spare: {enabled: false}
tags: {extras: false}
`,
  "templates/_helpers.tpl": `{{- define "top.image" -}}
{{- $registry := .Values.global.imageRegistry | default "docker.io" -}}
{{- printf "%s/%s:%s" $registry .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
`,
  "templates/app.yaml": POD('{{ include "top.image" . | quote }}'),
  "templates/tests/check.yaml": POD("busybox:1").replace("{name: p}", '{name: t, annotations: {helm.sh/hook: "test"}}'),
  "templates/NOTES.txt": "image: not/this:1",
  "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
  "charts/db/values.yaml": "image: {registry: docker.io, repository: library/postgres, tag: '15'}\n",
  "charts/db/templates/db.yaml": POD(
    "{{ .Values.global.imageRegistry | default .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}",
  ),
  "charts/spare/Chart.yaml": "apiVersion: v2\nname: spare\nversion: 1.0.0\n",
  "charts/spare/templates/x.yaml": POD("never/this:1"),
  "charts/tagged/Chart.yaml": "apiVersion: v2\nname: tagged\nversion: 1.0.0\n",
  "charts/tagged/templates/x.yaml": POD("nor/this:1"),
};

const WANTED = [
  "busybox:1 guess chart/templates/tests/check.yaml:7",
  "registry.corp.example/library/postgres:16 field chart/charts/db/templates/db.yaml:7",
  "registry.corp.example/team/app:2.5 field chart/templates/app.yaml:7",
];

function files(changes: Record<string, string> = {}): Map<string, string> {
  return new Map(Object.entries({ ...CHART, ...changes }));
}

function listed(findings: Findings): string[] {
  return findings.images.map(({ written, kind, file, line }) => `${written} ${kind} ${file}:${line}`).sort();
}

const built = requirement("go:helm").met ? findGoProgram("helm") : null;
const helm = await findHelm(built === null ? Bun.env : { ...Bun.env, PATH: dirname(built) });

describe("a chart", () => {
  test("is read with its helpers, subcharts, conditions, tags and globals", () => {
    const findings = readChart("chart", files(), 4);
    expect(findings.problems).toEqual([]);
    expect(listed(findings)).toEqual(WANTED);
  });

  test("whose image cannot be known names the template, the line and the reason", () => {
    const findings = readChart(
      "chart",
      files({ "templates/app.yaml": POD('x/y:{{ required "set the tag" .Values.image.tag }}') }),
      4,
    );
    const errors = findings.problems.filter(({ severity }) => severity === "error");
    expect(errors.map(({ file, line }) => `${file}:${line}`)).toEqual(["chart/templates/app.yaml:7"]);
    expect(errors[0]?.message).toContain("set the tag");
    expect(listed(findings)).toHaveLength(2);
  });

  test("that is broken in one template is read in the others", () => {
    const findings = readChart(
      "chart",
      files({ "templates/bad.yaml": "a: 1\n{{ if }", "templates/worse.yaml": POD("[") }),
      4,
    );
    expect(listed(findings)).toEqual(WANTED);
    expect(
      findings.problems
        .filter(({ severity }) => severity === "error")
        .map(({ file }) => file)
        .sort(),
    ).toEqual(["chart/templates/bad.yaml", "chart/templates/worse.yaml"]);
  });

  test("that lacks a dependency which is switched on says so", () => {
    const findings = readChart(
      "chart",
      files({
        "values.yaml": "tags: {extras: true}\nglobal: {}\nspare: {enabled: false}\nimage: {repository: a/b}\n",
        "charts/tagged/Chart.yaml": "name: other",
      }),
      4,
    );
    expect(findings.problems.map(({ message }) => message)).toEqual([
      'the dependency "tagged" is not in charts/: run helm dependency update',
    ]);
  });

  test("says one line for one cause, however many templates it shows in", () => {
    const pods = Array.from({ length: 12 }, (_, n): [string, string] => [
      `templates/p${n}.yaml`,
      POD("{{ .Values.lost.repository }}:{{ .Values.lost.tag }}"),
    ]);
    const { problems, images } = readChart("chart", files(Object.fromEntries(pods)), 4);
    expect(images.map(({ written }) => written).sort()).toEqual(WANTED.map((line) => line.split(" ")[0] ?? ""));
    expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      "error .Values.lost is not set, and .repository is asked of it (and in 23 more places)",
      "error .Values.lost is not set, and .tag is asked of it (and in 23 more places)",
    ]);
    expect(problems.map(({ line }) => line)).toEqual([7, 7]);
  });

  test("says few lines, though there be many causes", () => {
    const lost = Array.from({ length: 20 }, (_, n) => `{{ .Values.lost${n}.tag }}`).join("\n");
    const { problems } = readChart("chart", files({ "templates/lost.yaml": lost }), 4);
    expect(problems).toHaveLength(4);
    expect(problems.at(-1)?.message).toContain("17 more causes");
  });

  test("that refuses its own values says so, and is read", () => {
    const findings = readChart(
      "chart",
      files({
        "templates/check.yaml": '\n{{ fail "set a password" }}',
        "templates/secret.yaml": '{{ $_ := required "a key is needed" .Values.key }}',
      }),
      4,
    );
    expect(listed(findings)).toEqual(WANTED);
    expect(
      findings.problems.map(({ severity, file, line, message }) => `${severity} ${file}:${line} ${message}`),
    ).toEqual([
      "note chart/templates/check.yaml:2 the chart refuses its own default values: set a password",
      "note chart/templates/secret.yaml:1 a value is required: a key is needed",
    ]);
  });

  test("has images in crds/ and in its annotations, too", () => {
    const findings = readChart(
      "chart",
      files({
        "Chart.yaml": `${CHART["Chart.yaml"]}annotations:\n  artifacthub.io/images: |\n    - name: a\n      image: q.io/a/operand:1\n    - image: registry.corp.example/team/app:2.5\n`,
        "charts/db/crds/x.yaml": POD("q.io/crd/x:1"),
        "charts/db/crds/deep/y.yml": POD('q.io/crd/{{ "y" }}:1'),
        "crds/schema.yaml": "kind: CustomResourceDefinition\nspec: {image: q.io/no/image:1}\n",
      }),
      4,
    );
    expect(listed(findings)).toEqual(
      [
        ...WANTED,
        "q.io/a/operand:1 guess chart/Chart.yaml:12",
        "q.io/crd/x:1 field chart/charts/db/crds/x.yaml:7",
      ].sort(),
    );
  });

  test("names lines that are there, also of texts in texts and of what tpl and helpers print", async () => {
    const changes = {
      "values.yaml": `${CHART["values.yaml"]}more: |\n  {{- if true }}\n\n\n\n  - name: x\n    image: q.io/tpl/x:1\n  {{- end }}\n`,
      "files/inner.yaml": `${"\n".repeat(50)}image: q.io/inner/x:1\n`,
      "templates/cm.yaml":
        'kind: ConfigMap\napiVersion: v1\ndata:\n  a: |\n{{ .Files.Get "files/inner.yaml" | indent 4 }}\n  b: |\n    image: q.io/own/x:1\n',
      "templates/tpl.yaml": `${POD("a/b:1")}{{ tpl .Values.more . | indent 4 }}`,
      "templates/broken.yaml": "image: [\n",
    };
    const findings = readChart("chart", files(changes), 4);
    for (const { file, line, written } of findings.images) {
      const text = files(changes).get(file.slice("chart/".length)) ?? "";
      expect([written, line !== null && line >= 1 && line <= text.trimEnd().split("\n").length]).toEqual([
        written,
        true,
      ]);
    }
    const place = (image: string) => findings.images.find(({ written }) => written === image)?.line;
    expect([place("q.io/inner/x:1"), place("q.io/own/x:1"), place("q.io/tpl/x:1")]).toEqual([5, 7, 8]);
    expect(findings.problems.map(({ line }) => line)).toEqual([1]);
  });

  test("of which Helm 3 and Helm 4 make different lists says whose this is, unless that was asked for", async () => {
    const differing = files({
      "values.yaml": `${CHART["values.yaml"]}`.replace('image: {tag: "16"}', "image: {tag: null}"),
      "charts/db/templates/db.yaml": POD("a/db:{{ .Values.image.tag | default 3 }}"),
    });
    const notes = async (rules: ChartRules, chart = differing) => {
      const findings = new Findings();
      await scanChart({ path: "chart", files: chart }, rules, new AbortController().signal, findings);
      return [
        findings.images.map(({ written }) => written).filter((name) => name.startsWith("a/db")),
        findings.problems.map(({ message }) => message),
      ];
    };
    expect(await notes(PLAIN_RULES)).toEqual([
      ["a/db:15"],
      ["Helm 4 and Helm 3 render this chart differently: these are Helm 4's images (--helm 3 lists the other's)"],
    ]);
    expect(await notes({ ...PLAIN_RULES, helm: 3, isChosen: true })).toEqual([["a/db:3"], []]);
    expect(await notes(PLAIN_RULES, files())).toEqual([[], []]);
  });

  test("takes values over its own", () => {
    const values = new Map([["store", new Map([["enabled", false]])]]);
    expect(listed(readChart("chart", files(), 4, values))).toEqual(WANTED.filter((line) => !line.includes("postgres")));
  });

  test("for another Kubernetes says so", () => {
    const { problems } = readChart("chart", files({ "Chart.yaml": `${CHART["Chart.yaml"]}kubeVersion: "<1.22"\n` }), 4);
    expect(problems.map(({ message }) => message)).toEqual([
      "the chart is for Kubernetes <1.22, and was read as for v1.37.0",
    ]);
  });

  test("may be packed, with packed subcharts", async () => {
    const packed = async (inner: Record<string, string | Uint8Array>) =>
      new Bun.Archive(Object.fromEntries(Object.entries(inner).map(([path, text]) => [`top/${path}`, text])), {
        compress: "gzip",
      }).bytes();
    const own = Object.entries(CHART).filter(([path]) => !path.startsWith("charts/db/"));
    const below = Object.entries(CHART).flatMap(([path, text]) =>
      path.startsWith("charts/db/") ? [[path.slice(10), text]] : [],
    );
    const archive = await packed({
      ...Object.fromEntries(own),
      "charts/db-1.0.0.tgz": await packed(Object.fromEntries(below)),
    });
    const findings = readChart("top.tgz", await readChartArchive(archive), 4);
    expect(listed(findings).map((line) => line.split(" ")[0])).toEqual(WANTED.map((line) => line.split(" ")[0] ?? ""));
  });

  test("that inflates without end, or is none, is refused", async () => {
    const bomb = Bun.gzipSync(new Uint8Array(100 * 1024 * 1024));
    expect(readChartArchive(bomb)).rejects.toThrow();
    expect(readChartArchive(new TextEncoder().encode("not gzip"))).rejects.toThrow();
    expect(readChartArchive(Bun.gzipSync(new TextEncoder().encode("not tar".repeat(1000))))).rejects.toThrow();
  });

  test.skipIf(helm === null)("gives the same as Helm itself", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-chart-"));
    try {
      for (const [name, text] of files()) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
      const findings = new Findings();
      const rules = { ...PLAIN_RULES, program: helm?.template ?? null };
      await scanChart({ path: folder, files: files() }, rules, new AbortController().signal, findings);
      expect(findings.problems).toEqual([]);
      expect(listed(findings)).toEqual(WANTED.map((line) => line.replace(" chart/", ` ${folder}/`)));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
