import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Findings } from "../found/found-image.ts";
import { type ListTrust, scanImageList } from "./image-list.ts";
import { linesOf } from "./yaml-documents.ts";

function scan(text: string, trust: ListTrust = "asked for"): Findings {
  const findings = new Findings();
  scanImageList(text, trust, linesOf("list.txt"), findings);
  return findings;
}

describe("a list of images", () => {
  test("is a reference a line, with comments, as people, kubeadm and k3s write it", () => {
    const text = `# images\r
docker.io/rancher/klipper-helm:v0.9.4  # helm\r
I0101 12:00:00.000000 1 version.go:256] remote version is much newer
[config/images] Pulled registry.k8s.io/pause:3.10

alpine
`;
    expect(scan(text).images.map(({ written, line }) => `${written} ${line}`)).toEqual([
      "docker.io/rancher/klipper-helm:v0.9.4 2",
      "registry.k8s.io/pause:3.10 4",
      "alpine 6",
    ]);
  });

  test("that was asked for names the lines that are no references", () => {
    const { images, problems } = scan("nginx\nnot an image\n");
    expect(images).toHaveLength(1);
    expect(problems.map(({ line }) => line)).toEqual([2]);
  });

  test("is not seen in other text files", () => {
    for (const text of [
      "User-agent: *\nDisallow: /",
      "requests==2.0\nflask",
      "src/a.c\nsrc/b.c",
      "alpine\nbusybox",
      "key:value\n",
      "",
    ]) {
      expect(scan(text, "unknown")).toMatchObject({ images: [], problems: [] });
    }
    expect(scan("quay.io/a/b:1\nnginx:2\n", "unknown").images).toHaveLength(2);
    expect(scan("alpine\nbusybox\n", "named so").images).toHaveLength(2);
  });

  test("may have other columns, or be what a program prints", () => {
    const written = (text: string, trust: ListTrust = "named so") =>
      scan(text, trust).images.map((image) => image.written);
    expect(written("index.docker.io/rancher/a:v1 system,charts\nrancher/b:v2 core\n")).toEqual([
      "index.docker.io/rancher/a:v1",
      "rancher/b:v2",
    ]);
    expect(written("quay.io/a/b:1=registry.example.com/b:1\n")).toEqual(["quay.io/a/b:1"]);
    expect(written('- quay.io/a/b:1\n* quay.io/a/c:2\n"quay.io/a/d:3",\ndocker pull quay.io/a/e:4\n')).toEqual([
      "quay.io/a/b:1",
      "quay.io/a/c:2",
      "quay.io/a/d:3",
      "quay.io/a/e:4",
    ]);
    const table = `IMAGE                      TAG       IMAGE ID       SIZE
docker.io/library/nginx    1.27      4f67c83422ec   72MB
quay.io/a/b                <none>    5f67c83422ec   1MB
`;
    expect(written(table, "asked for")).toEqual(["docker.io/library/nginx:1.27"]);
    expect(written(table, "unknown")).toEqual(["docker.io/library/nginx:1.27"]);
    expect(written("nginx:1 and a word\nanother line\n")).toEqual([]);
  });

  test("gives back what was written", () => {
    const reference = fc.stringMatching(/^[a-z]{1,8}\.example\/[a-z]{1,8}(\/[a-z]{1,8})?:[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(reference, { minLength: 1 }), (references) => {
        expect(scan(references.join("\n"), "unknown").images.map(({ written }) => written)).toEqual(references);
      }),
    );
  });
});
