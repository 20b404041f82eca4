import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { formatReference } from "../oci/reference.ts";
import type { ChartSource } from "./chart-source.ts";
import { discoverImages } from "./discover-images.ts";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-releases-"));
});
afterAll(() => rm(root, { recursive: true }));

/** A chart whose images are `image` and, with `extra` set, that. */
const CHART = {
  "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
  "values.yaml": "image: {registry: q.io, repository: web, tag: '1'}\nlist: [a, b]\nextra: q.io/extra:1\n",
  "templates/p.yaml": `apiVersion: v1
kind: Pod
spec:
  containers:
    - image: {{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}
    {{- if .Values.extra }}
    - image: {{ .Values.extra }}
    {{- end }}
`,
};

async function packed(files: Record<string, string>): Promise<Uint8Array> {
  const entries = Object.fromEntries(Object.entries(files).map(([name, text]) => [`web/${name}`, text]));
  return gzipSync(await new Bun.Archive(entries).bytes());
}

/** Charts in memory, by `REPOSITORY NAME VERSION`. */
function chartsAt(charts: Record<string, Uint8Array>, asked: string[] = []): ChartSource {
  return {
    fetch({ repository, name, version }) {
      const key = `${repository} ${name} ${version}`;
      asked.push(key);
      const archive = charts[key];
      if (archive === undefined) return Promise.reject(new Error(`there is no ${key}`));
      return Promise.resolve({ archive, artifact: repository.startsWith("oci:") ? "q.io/charts/web:9.9.9" : null });
    },
  };
}

async function discover(files: Record<string, string>, charts?: ChartSource) {
  const folder = await mkdtemp(join(root, "case-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const signal = new AbortController().signal;
  const found = await discoverImages([folder], {
    environment: {},
    signal,
    ...(charts === undefined ? {} : { charts }),
  });
  const shown = (file: string) => file.slice(folder.length + 1);
  return {
    images: found.images.map(({ reference, file, line }) => `${formatReference(reference)} ${shown(file)}:${line}`),
    elsewhere: found.elsewhere.map(({ what, file, line, failure }) => {
      return `${shown(file)}:${line} ${what}${failure === null ? "" : ` (${failure})`}`;
    }),
    problems: found.problems.map(({ severity, line, message }) => `${severity} ${line} ${message}`),
  };
}

const HELM_RELEASE = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  chart:
    spec: {chart: web, version: 1.x, sourceRef: {kind: HelmRepository, name: charts}}
  valuesFrom:
    - {kind: ConfigMap, name: web-values}
    - {kind: Secret, name: web-secret, valuesKey: tag, targetPath: image.tag}
    - {kind: ConfigMap, name: gone, optional: true}
    - {kind: ConfigMap, name: missing}
  values: {extra: null}
  postRenderers: [{kustomize: {images: [{name: q.io/side, newTag: "7"}]}}]
`;
const HELM_REPOSITORY = `apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {url: https://charts.example.com}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web-values, namespace: apps}
data:
  values.yaml: |
    image: {registry: r.example.com, tag: "2"}
---
apiVersion: v1
kind: Secret
metadata: {name: web-secret, namespace: apps}
data: {tag: ${btoa("3")}}
`;

describe("a release of Flux's", () => {
  const files = { "apps/release.yaml": HELM_RELEASE, "sources/repository.yaml": HELM_REPOSITORY };

  test("is named with what its repository, in another file, says", async () => {
    const { elsewhere, problems, images } = await discover(files);
    expect(elsewhere).toEqual(["apps/release.yaml:6 the chart web 1.x of https://charts.example.com"]);
    expect(problems).toEqual(["note 11 its values in the ConfigMap missing are not here"]);
    expect(images).toContain("q.io/side:7 apps/release.yaml:13");
  });

  test("is fetched, and rendered with its values; images stand where the release names the chart", async () => {
    const charts = chartsAt({ "https://charts.example.com web 1.x": await packed(CHART) });
    const { elsewhere, images } = await discover(files, charts);
    expect(elsewhere).toEqual([]);
    expect(images).toContain("r.example.com/web:3 apps/release.yaml:6");
    expect(images.filter((image) => image.includes("extra"))).toEqual([]);
  });

  test("whose chart cannot be fetched stays named, with the reason and what its values say", async () => {
    const { elsewhere, images } = await discover(
      {
        "r.yaml": HELM_RELEASE.replace("{extra: null}", "{image: {repository: a/b, tag: c}}"),
        "s.yaml": HELM_REPOSITORY,
      },
      chartsAt({}),
    );
    expect(elsewhere).toEqual([
      "r.yaml:6 the chart web 1.x of https://charts.example.com (there is no https://charts.example.com web 1.x)",
    ]);
    expect(images.map((image) => image.split(" ")[0])).toContain("r.example.com/a/b:c");
  });

  test("may refer to an artifact, which is to bring as well, and lie in this repository", async () => {
    const text = `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web}
spec: {url: oci://q.io/charts/web, ref: {tag: 1.2.3, digest: ""}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a}
spec: {chartRef: {kind: OCIRepository, name: web}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: b}
spec: {chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system}}}, values: {image: {tag: own}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: k}
spec: {path: ./elsewhere, sourceRef: {kind: GitRepository, name: other}, images: [{name: a, newName: q.io/a, newTag: "1"}]}
`;
    const chart = Object.fromEntries(Object.entries(CHART).map(([name, content]) => [`charts/web/${name}`, content]));
    const { images, elsewhere } = await discover({ "clusters/one/all.yaml": text, ...chart });
    expect(images).toContain("q.io/charts/web:1.2.3 clusters/one/all.yaml:4");
    expect(images).toContain("q.io/web:own clusters/one/all.yaml:14");
    // The chart is read as the release has it, and not once more by itself.
    expect(images.some((image) => image.includes("q.io/web:1"))).toBe(false);
    expect(images).toContain("q.io/a:1 clusters/one/all.yaml:19");
    expect(elsewhere).toEqual([
      "clusters/one/all.yaml:9 the chart web 1.2.3 of oci://q.io/charts",
      "clusters/one/all.yaml:19 ./elsewhere of the GitRepository other",
    ]);
  });
});

test("an application of Argo CD's: parameters before objects before text before files", async () => {
  const text = `apiVersion: argoproj.io/v1alpha1
kind: Application
spec:
  sources:
    - repoURL: q.io/charts
      chart: web
      targetRevision: 1.0.0
      helm:
        valueFiles: [$values/env/prod.yaml, gone.yaml]
        values: "image: {tag: text, repository: text}"
        valuesObject: {image: {tag: object}}
        parameters: [{name: image.tag, value: "7.50", forceString: true}, {name: "list[1]", value: c}]
    - {repoURL: https://git.example.com/x.git, ref: values}
    - {repoURL: https://git.example.com/x.git, path: manifests}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
spec: {template: {spec: {source: {repoURL: https://charts.example.com, chart: web, targetRevision: "{{version}}"}}}}
`;
  const files = { "apps/a.yaml": text, "env/prod.yaml": "image: {registry: r.example.com, tag: file}\n" };
  const named = await discover(files);
  expect(named.images).toContain(
    "r.example.com/text:7.50 env/prod.yaml:1".replace("env/prod.yaml:1", "apps/a.yaml:10"),
  );
  expect(named.images).toContain("q.io/charts/web:1.0.0 apps/a.yaml:5");
  expect(named.elsewhere).toEqual([
    "apps/a.yaml:5 the chart web 1.0.0 of oci://q.io/charts",
    "apps/a.yaml:14 manifests of https://git.example.com/x.git",
    "apps/a.yaml:18 the chart web of https://charts.example.com, a template",
  ]);
  const fetched = await discover(files, chartsAt({ "oci://q.io/charts web 1.0.0": await packed(CHART) }));
  expect(fetched.images).toContain("r.example.com/text:7.50 apps/a.yaml:5");
  expect(fetched.images).toContain("q.io/charts/web:9.9.9 apps/a.yaml:5");
});

test("k3s' charts: one within the file is read, configurations of others are put over their values", async () => {
  const text = `apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: web, namespace: kube-system}
spec:
  chartContent: ${Buffer.from(await packed(CHART)).toString("base64")}
  jobImage: q.io/helm:1
  set: {image.tag: set}
  valuesContent: |-
    image: {registry: a.example.com, tag: content}
---
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata: {name: web, namespace: kube-system}
spec: {valuesContent: "image: {registry: b.example.com}"}
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: far}
spec: {chart: traefik, repo: https://charts.example.com, version: 1.0.0}
---
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata: {name: rke2-canal}
spec: {valuesContent: "image: {repository: q.io/canal, tag: '1'}"}
`;
  const { images, elsewhere } = await discover({ "k3s.yaml": text });
  expect(images).toEqual([
    "q.io/helm:1 k3s.yaml:6",
    "b.example.com/web:set k3s.yaml:5",
    "q.io/extra:1 k3s.yaml:5",
    "q.io/canal:1 k3s.yaml:24",
  ]);
  expect(elsewhere).toEqual([
    "k3s.yaml:19 the chart traefik 1.0.0 of https://charts.example.com",
    "k3s.yaml:21 the chart rke2-canal that the distribution brings along",
  ]);
});

test("dependencies that a chart does not carry are fetched, and those beside it read", async () => {
  const files = {
    "app/Chart.yaml": `apiVersion: v2
name: app
version: 1.0.0
dependencies:
  - {name: web, version: 1.0.0, repository: https://charts.example.com}
  - {name: lib, version: 1.0.0, repository: file://../lib}
  - {name: gone, version: 1.0.0, repository: oci://q.io/charts}
`,
    "app/values.yaml": "web: {image: {tag: fromparent}}\n",
    "lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\n",
    "lib/templates/p.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: q.io/lib:1}]}\n",
  };
  const asked: string[] = [];
  const charts = chartsAt({ "https://charts.example.com web 1.0.0": await packed(CHART) }, asked);
  const { images, problems } = await discover(files, charts);
  const names = images.map((image) => image.split(" ")[0]);
  expect(names).toContain("q.io/web:fromparent");
  expect(names).toContain("q.io/lib:1");
  expect(
    problems.some((problem) => problem.includes('"gone" could not be had: there is no oci://q.io/charts gone')),
  ).toBe(true);
  expect(asked.filter((key) => key.includes("web"))).toHaveLength(1);
});

test("charts that name charts without end are given up, and hostile archives are named", async () => {
  const release = (chart: string) => `apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: x}
spec: {chart: ${chart}, repo: https://charts.example.com}
`;
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  const charts = chartsAt({
    "https://charts.example.com bomb null": bomb,
    "https://charts.example.com junk null": Buffer.from("junk"),
  });
  const { elsewhere } = await discover({ "a.yaml": release("bomb"), "b.yaml": release("junk") }, charts);
  expect(elsewhere).toHaveLength(2);
  for (const line of elsewhere) expect(line).toMatch(/ \(.+\)$/);
});
