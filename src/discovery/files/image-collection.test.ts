import { describe, expect, test } from "bun:test";
import { Findings } from "../found/found-image.ts";
import { isNamedAsCollection, scanImageCollection } from "./image-collection.ts";
import { linesOf, readDocuments } from "./yaml-documents.ts";

const DIGEST = `sha256:${"2".repeat(64)}`;

function found(text: string): string[] {
  const findings = new Findings();
  for (const document of readDocuments(text, linesOf("images.yaml"), findings)) scanImageCollection(document, findings);
  return [
    ...findings.images.map(({ written }) => written),
    ...findings.problems.map(({ line, message }) => `${line} ${message}`),
  ];
}

describe("a list of images in YAML or JSON", () => {
  test.each<[string, string, string[]]>([
    ["names", "- quay.io/a/b:1\n- busybox\n- a/c\n", ["quay.io/a/b:1", "busybox", "a/c"]],
    ["names below images", "images: [quay.io/a/b:1, nginx]\nregistries: [quay.io]\n", ["quay.io/a/b:1", "nginx"]],
    ["JSON", '["quay.io/a/b:1","quay.io/a/c:2"]', ["quay.io/a/b:1", "quay.io/a/c:2"]],
    [
      "maps",
      `- {name: quay.io/a/b, tag: "2"}\n- {name: label, image: "quay.io/a/c:3"}\n- {name: redis, version: "7"}\n`,
      ["quay.io/a/b:2", "quay.io/a/c:3", "redis:7"],
    ],
    [
      "Gardener's",
      `images:\n- name: pause\n  sourceRepository: github.com/k/k\n  repository: registry.k8s.io/pause\n  tag: "3.10"\n  architectures: [amd64, arm64]\n  labels: [{name: x, value: {a: b/c}}]\n`,
      ["registry.k8s.io/pause:3.10"],
    ],
    [
      "names by component",
      "web: quay.io/a/web:1\ndb: {image: postgres, tag: '16'}\nport: 80\n",
      ["quay.io/a/web:1", "postgres:16"],
    ],
    ["images by component", "images:\n  web: a/web:1\n  db: postgres:16\n", ["a/web:1", "postgres:16"]],
    [
      "tags by name",
      `quay.io/a/b: [v1, v2]\nquay.io/a/c: ["${DIGEST}"]\n`,
      ["quay.io/a/b:v1", "quay.io/a/b:v2", `quay.io/a/c@${DIGEST}`],
    ],
    [
      "a mirror's",
      "quay.io/a/b:v1: registry.example.com/b\nquay.io/a/c:v1: [registry.example.com/c, registry.example.com/d]\n",
      ["quay.io/a/b:v1", "quay.io/a/c:v1"],
    ],
    [
      "what is copied where",
      "- {source: quay.io/a/b:1, target: registry.example.com/b:1}\n- {from: docker.io/a/c:1, to: r.example.com/c:1}\n",
      ["quay.io/a/b:1", "docker.io/a/c:1"],
    ],
    [
      "by release",
      `releases:\n  - version: "1.2"\n    components:\n      - {name: web, images: [quay.io/a/web:1, alpine]}\n`,
      ["quay.io/a/web:1", "alpine"],
    ],
    [
      "by platform",
      "images: {linux/amd64: [quay.io/a/b:1], windows/amd64: [quay.io/a/w:1]}\n",
      ["quay.io/a/b:1", "quay.io/a/w:1"],
    ],
    [
      "a software bill of materials",
      JSON.stringify({
        bomFormat: "CycloneDX",
        components: [
          {
            type: "container",
            name: "b",
            purl: `pkg:oci/b@${encodeURIComponent(DIGEST)}?repository_url=quay.io/a/b&tag=v1`,
          },
          { type: "container", name: "c", purl: "pkg:docker/a/c@v2" },
          { type: "library", name: "github.com/x/y", version: "v1.0.0", purl: "pkg:golang/github.com/x/y@v1.0.0" },
        ],
      }),
      [`quay.io/a/b:v1@${DIGEST}`, "a/c:v2"],
    ],
    ["nothing", "width: 100\nsrc: https://example.com/a.png\nalt: some text\nfiles: [a/b.png, c.d/e]\n", []],
  ])("may be %s", (_, text, images) => expect(found(text)).toEqual(images));

  test("names placeholders that nothing here fills in", () => {
    const text = '- "{{ registry }}/a:1"\n- {name: "###ZARF_VAR_X###"}\n- {repository: "${REGISTRY}/b", tag: "1"}\n';
    expect(found(text)).toEqual([
      '1 the image "{{ registry }}/a:1" holds a placeholder that cannot be resolved here',
      '2 the image "###ZARF_VAR_X###" holds a placeholder that cannot be resolved here',
      '3 the image "${REGISTRY}/b:1" holds a placeholder that cannot be resolved here',
    ]);
  });

  test("is known by its name", () => {
    for (const name of [
      "images.yaml",
      "rke2-images.json",
      "image-list.yml",
      "imagelist.yaml",
      "bom.json",
      "images-amd64.yaml",
    ])
      expect(isNamedAsCollection(name)).toBe(true);
    for (const name of ["image-values.yaml", "imagine.yaml", "deployment.yaml", "reimage.json"])
      expect(isNamedAsCollection(name)).toBe(false);
  });
});
