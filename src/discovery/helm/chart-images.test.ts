import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Findings } from "../found/found-image.ts";
import { readChartArchive } from "./chart-files.ts";
import { PLAIN_RULES, readChart, scanChart } from "./chart-images.ts";
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
