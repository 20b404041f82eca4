import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { discoverImages } from "../discover-images.ts";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-text-formats-"));
});
afterAll(() => rm(root, { recursive: true }));

/** What a folder with these files names; `only` names one of them itself. */
async function discover(files: Record<string, string>, only?: string) {
  const folder = await mkdtemp(join(root, "case-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const path = only === undefined ? folder : join(folder, only);
  const found = await discoverImages([path], { environment: {}, signal: new AbortController().signal });
  const shown = (file: string, line: number | null) => `${file.slice(folder.length + 1)}:${line}`;
  return {
    images: found.images.map(({ written, file, line, kind, platform }) => {
      return `${written} ${shown(file, line)}${kind === "guess" ? " guess" : ""}${platform === null ? "" : ` ${platform}`}`;
    }),
    problems: found.problems.map(({ severity, file, line, message }) => `${severity} ${shown(file, line)} ${message}`),
    elsewhere: found.elsewhere.map(({ what, file, line }) => `${shown(file, line)} ${what}`),
  };
}

describe("a Bake file", () => {
  const DOCKERFILE = "ARG BASE\nARG V=1\nFROM alpine AS a\nFROM ${BASE}:${V}\n";

  test("in HCL: variables, functions, inheritance, contexts, matrix and Dockerfiles within", async () => {
    const text = `variable "REG" { default = "q.io" }
variable "OPEN" {}
function "base" {
  params = [name]
  result = "\${REG}/\${name}"
}
group "default" { targets = ["web"] }
target "_common" {
  args = { BASE = base("base"), V = "2" }
  contexts = { alpine = "docker-image://q.io/mirror/alpine:3" }
}
target "web" {
  inherits = ["_common"]
  context = "web"
  args = { V = "3" }
  tags = ["q.io/output:1"]
}
target "many" {
  name = "many-\${v}"
  matrix = { v = ["7", "8"] }
  inherits = ["_common"]
  context = "web"
  args = { V = v }
}
target "inline" {
  dockerfile-inline = <<-EOF
    FROM \${REG}/inline:1
  EOF
}
target "far" { context = "https://git.example.com/x.git" }
`;
    const { images, problems, elsewhere } = await discover({ "docker-bake.hcl": text, "web/Dockerfile": DOCKERFILE });
    expect(images).toEqual([
      "q.io/mirror/alpine:3 web/Dockerfile:3",
      "q.io/base:3 web/Dockerfile:4",
      "q.io/base:7 web/Dockerfile:4",
      "q.io/base:8 web/Dockerfile:4",
      "q.io/inline:1 docker-bake.hcl:27",
    ]);
    expect(problems).toEqual([]);
    expect(elsewhere).toEqual(["docker-bake.hcl:30 the build context https://git.example.com/x.git"]);
  });

  test("in JSON, and one that is broken", async () => {
    const json = { variable: { V: { default: "5" } }, target: { x: { args: { BASE: "q.io/json", V: "${V}" } } } };
    const { images } = await discover({ "docker-bake.json": JSON.stringify(json), Dockerfile: DOCKERFILE });
    expect(images).toEqual(["alpine Dockerfile:3", "q.io/json:5 Dockerfile:4"]);
    const broken = await discover({ "docker-bake.hcl": 'target "x" {\n  args = {\n' });
    expect(broken.problems[0]).toStartWith("error docker-bake.hcl:3 the file is no HCL: ");
    expect((await discover({ "main.hcl": 'resource "x" "y" { image = "q.io/a:1" }\n' })).images).toEqual([]);
  });
});

describe("a job of Nomad's", () => {
  test("runs images of containers, with variables and locals", async () => {
    const text = `variable "tag" {
  type = string
  default = "7"
}
variable "open" { type = string }
locals { repo = "q.io/local" }
job "x" {
  group "g" {
    task "redis" {
      driver = "docker"
      config { image = "redis:\${var.tag}" }
    }
    task "pod" {
      driver = "podman"
      config {
        image = "\${local.repo}:1"
      }
    }
    task "open" {
      driver = "docker"
      config { image = "q.io/a:\${var.open}" }
    }
    task "run" {
      driver = "docker"
      config { image = "q.io/b:\${NOMAD_META_v}" }
    }
    task "exec" {
      driver = "raw_exec"
      config { image = "no-image" }
    }
  }
}
`;
    const { images, problems } = await discover({ "job.nomad.hcl": text });
    expect(images).toEqual(["redis:7 job.nomad.hcl:11", "q.io/local:1 job.nomad.hcl:16"]);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain('error job.nomad.hcl:21 the image "q.io/a:${var.open}" depends on');
    expect((await discover({ j: text }, "j")).images).toHaveLength(2);
  });

  test("may be JSON, of the API or HCL's", async () => {
    const api = { Job: { TaskGroups: [{ Tasks: [{ Driver: "docker", Config: { image: "q.io/api:1" } }] }] } };
    const hcl = {
      job: { x: { group: { g: { task: { t: { driver: "docker", config: { image: "q.io/hcl:1" } } } } } } },
    };
    expect(
      (await discover({ "a.nomad.json": JSON.stringify(api), "b.nomad.json": JSON.stringify(hcl) })).images,
    ).toEqual(["q.io/api:1 a.nomad.json:1", "q.io/hcl:1 b.nomad.json:1"]);
  });
});

test("quadlets: containers, volumes, images, builds and manifests", async () => {
  const { images, problems, elsewhere } = await discover({
    "web.container": `[Unit]
Description=x
[Container]
Image=q.io/web:1
Mount=type=image,source=q.io/data:1,\\
  destination=/d
Mount=type=bind,source=/a,destination=/b
`,
    "unit.container": "[Container]\nImage=web.image\n",
    "built.container": "[Container]\nImage=app.build\n",
    "web.image": "[Image]\nImage=q.io/pulled:1\nArch=arm64\n",
    "v.volume": "[Volume]\nDriver=image\nImage=q.io/volume:1\n",
    "app.build": "[Build]\nImageTag=localhost/app\nFile=./Containerfile\nBuildArg=V=9\n",
    Containerfile: "ARG V\nFROM q.io/base:$V\n",
    "k.kube": "[Kube]\nYaml=pod.yaml\n",
    "far.kube": "[Kube]\nYaml=gone.yaml\n",
    "pod.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: q.io/kube:1}]}\n",
    "disk.image": "\0\0binary",
    "notes.build": "Image=no\n",
  });
  expect(images.sort()).toEqual([
    "q.io/base:9 Containerfile:2",
    "q.io/data:1 web.container:5",
    "q.io/kube:1 pod.yaml:3",
    "q.io/pulled:1 web.image:2 arm64".replace("arm64", "linux/arm64"),
    "q.io/volume:1 v.volume:3",
    "q.io/web:1 web.container:4",
  ]);
  expect(problems).toEqual([]);
  expect(elsewhere).toEqual(["far.kube:2 the manifest gone.yaml"]);
});

test("development containers: comments, image, features, Dockerfile and Compose", async () => {
  const { images, problems } = await discover({
    ".devcontainer/devcontainer.json": `// a comment
{
  "image": "q.io/dev:\${localEnv:V:3}", /* another
  */
  "features": {
    "ghcr.io/devcontainers/features/node:1": {"version": "lts"},
    "./local": {}, "https://example.com/x.tgz": {},
  },
}
`,
    ".devcontainer/go/devcontainer.json": '{"build": {"dockerfile": "Dockerfile", "args": {"V": "5"}}}',
    ".devcontainer/go/Dockerfile": "ARG V\nFROM q.io/go:$V\n",
    "app/.devcontainer.json": '{"dockerComposeFile": ["../dc.yml"], "service": "x"}',
    "dc.yml": "services: {x: {image: q.io/compose:1}}\n",
  });
  expect(images.sort()).toEqual([
    "ghcr.io/devcontainers/features/node:1 .devcontainer/devcontainer.json:6",
    "q.io/compose:1 app/../dc.yml:1".replace("app/../", ""),
    "q.io/dev:3 .devcontainer/devcontainer.json:3",
    "q.io/go:5 .devcontainer/go/Dockerfile:2",
  ]);
  expect(problems).toEqual([]);
});

test("Earthfiles: bases of their targets", async () => {
  const text = `VERSION 0.8
ARG --global V=1.23
FROM golang:\${V}
build:
  FROM +deps
  ARG OPEN
  FROM q.io/x:$OPEN
deps:
  FROM ./other+target
  WITH DOCKER --pull postgres:16
    RUN x
  END
`;
  const { images, problems } = await discover({ Earthfile: text });
  expect(images).toEqual(["golang:1.23 Earthfile:3", "postgres:16 Earthfile:10"]);
  expect(problems).toHaveLength(1);
});

describe("a helmfile", () => {
  test("is rendered with its environment, and its charts are named or read", async () => {
    const text = `environments:
  default:
    values: [{tag: "5", on: {a: true, b: false}}, env.yaml]
---
repositories:
  - {name: far, url: https://charts.example.com}
  - {name: reg, url: q.io/charts, oci: true}
releases:
{{- range list "one" "two" }}
  - {name: {{ . }}, chart: far/{{ . }}, version: 1.{{ $.Values.tag }}.0}
{{- end }}
  - {name: art, chart: reg/art, version: 2.0.0}
  - name: here
    chart: ./charts/here
    values: [{image: "q.io/here:{{ .Values.tag }}"}, v.yaml.gotmpl]
    set: [{name: extra, value: q.io/set:1}]
  - {name: off, chart: far/off, installed: false}
  - {name: cond, chart: far/cond, condition: on.b}
  - {name: open, chart: far/{{ requiredEnv "X" }}}
helmfiles: [git::https://git.example.com/x.git@helmfile.yaml]
`;
    const { images, elsewhere, problems } = await discover({
      "helmfile.yaml": text,
      "env.yaml": "more: q.io/more:1\n",
      "v.yaml.gotmpl": "more: {{ .Values.more }}\n",
      "charts/here/Chart.yaml": "apiVersion: v2\nname: here\nversion: 1.0.0\n",
      "charts/here/values.yaml": "image: q.io/default:1\n",
      "charts/here/templates/p.yaml":
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: {{ .Values.image }}\n    - image: {{ .Values.extra }}\n    - image: {{ .Values.more }}\n",
    });
    expect(elsewhere.filter((line) => !line.includes("not known"))).toEqual([
      "helmfile.yaml:10 the chart one 1.5.0 of https://charts.example.com",
      "helmfile.yaml:10 the chart two 1.5.0 of https://charts.example.com",
      "helmfile.yaml:12 the chart art 2.0.0 of oci://q.io/charts",
      "helmfile.yaml:20 the helmfile git::https://git.example.com/x.git@helmfile.yaml",
    ]);
    expect(problems).toEqual(["note helmfile.yaml:19 left open: the function requiredEnv is not known"]);
    expect(images).toEqual([
      "q.io/charts/art:2.0.0 helmfile.yaml:12",
      "q.io/here:5 helmfile.yaml:14",
      "q.io/set:1 helmfile.yaml:14",
      "q.io/more:1 helmfile.yaml:14",
    ]);
  });
});

test("files of any name, and standard input, are known by what they say", async () => {
  const container = '// mine\n{\n  "image": "q.io/dev:1", // here\n  "remoteUser": "me",\n}\n';
  expect((await discover({ "dev.json": container }, "dev.json")).images).toEqual(["q.io/dev:1 dev.json:3"]);
  const releases = "releases:\n- name: a\n  chart: oci://q.io/charts/a\n  version: 1.2.3\n";
  expect((await discover({ "apps.yaml": releases }, "apps.yaml")).elsewhere).toEqual([
    "apps.yaml:3 the chart a 1.2.3 of oci://q.io/charts",
  ]);
});

test("a quadlet's drop-ins say what it runs; other programs' configuration does not", async () => {
  const files = {
    "web.container.d/10-image.conf": "[Container]\nImage=q.io/drop:1\n",
    "etc/other.conf": "[Container]\nImage=q.io/other:1\n",
  };
  expect((await discover(files)).images).toEqual(["q.io/drop:1 web.container.d/10-image.conf:2"]);
});

test("a Compose file that another one includes is read with that one's variables alone", async () => {
  const files = {
    "compose.yaml": "include: [{path: inc/compose.yaml, env_file: inc/x.env}]\n",
    "inc/compose.yaml": "services: {a: {image: '${IMG}'}}\n",
    "inc/x.env": "IMG=q.io/inc:1\n",
  };
  expect(await discover(files)).toMatchObject({ images: ["q.io/inc:1 inc/compose.yaml:1"], problems: [] });
});
