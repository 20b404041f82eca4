import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { joinImageParts } from "./image-parts.ts";
import { scalarFor } from "./located-value.ts";

const DIGEST = `sha256:${"d".repeat(64)}`;

/** What the fields give, `?` behind what is not certain. */
function joined(fields: Record<string, string>, context = "spec"): string[] {
  const place = { file: "f.yaml", line: 1 };
  const entries = new Map(Object.entries(fields).map(([key, value]) => [key, scalarFor(place, value)]));
  return joinImageParts(entries, context).map(({ written, isCertain }) => written + (isCertain ? "" : " ?"));
}

describe("parts of an image", () => {
  test.each<[Record<string, string>, string, string]>([
    [{ repository: "a/b", tag: "1" }, "image", "a/b:1"],
    [{ name: "quay.io/k/dist", tag: "4" }, "image", "quay.io/k/dist:4"],
    [{ name: "quay.io/k/dist", tag: "4" }, "spec", "quay.io/k/dist:4"],
    [{ name: "redis", tag: "7" }, "images", "redis:7"],
    [{ name: "redis", version: "7.2" }, "image", "redis:7.2"],
    [{ imageRepository: "quay.io/k/web", imageTag: "3" }, "spec", "quay.io/k/web:3"],
    [{ imageName: "k/web", imageTag: "3" }, "spec", "k/web:3"],
    [{ imageRegistry: "quay.io", imageRepository: "k/web", imageVersion: "3" }, "spec", "quay.io/k/web:3"],
    [{ image_repository: "quay.io/k/web", image_tag: "3" }, "spec", "quay.io/k/web:3"],
    [{ registry: "quay.io/", name: "k/web", tag: "3" }, "spec", "quay.io/k/web:3"],
    [{ registry: "https://quay.io", image: "k/web", tag: ":3" }, "spec", "quay.io/k/web:3"],
    [{ registry: "quay.io", repository: "quay.io/k/web", tag: "3" }, "image", "quay.io/k/web:3"],
    [{ hub: "docker.io/istio", image: "proxyv2", tag: "1.20.0" }, "proxy", "docker.io/istio/proxyv2:1.20.0"],
    [{ repository: "nvcr.io/nvidia", image: "driver", version: "550.1" }, "driver", "nvcr.io/nvidia/driver:550.1"],
    [{ repository: "quay.io/k/web", digest: DIGEST }, "spec", `quay.io/k/web@${DIGEST}`],
    [{ repository: "quay.io/k/web", tag: "3", sha: "d".repeat(64) }, "spec", `quay.io/k/web:3@${DIGEST}`],
    [{ repository: "quay.io/k/web", tag: DIGEST }, "spec", `quay.io/k/web@${DIGEST}`],
    [{ repository: "quay.io/k/web", tag: "3", sha: "0123abc" }, "spec", "quay.io/k/web:3"],
    [{ baseImage: "quay.io/p/prometheus", version: "v2.1" }, "spec", "quay.io/p/prometheus:v2.1"],
    [{ baseImage: "quay.io/p/a", image: "quay.io/p/a", version: "v2.1" }, "spec", "quay.io/p/a:v2.1"],
    [{ proxyImage: "q.io/p", proxyImageTag: "2", proxyVersion: "9" }, "spec", "q.io/p:2"],
    [{ SCAN_IMAGE: "q.io/a/scan", SCAN_IMAGE_TAG: "v2" }, "", "q.io/a/scan:v2"],
    [{ SCAN_IMAGE: "a/scan", SCAN_TAG: "v2" }, "", "a/scan:v2"],
    [{ IMAGE: "mysql", VERSION: "8.0" }, "", "mysql:8.0 ?"],
    [{ repository: "org/app", tag: "v1" }, "spec", "org/app:v1 ?"],
    [{ repository: "quay.io/k/web" }, "image", "quay.io/k/web ?"],
  ])("%j below %s are %s", (fields, context, image) => expect(joined(fields, context)).toEqual([image]));

  test.each<[Record<string, string>, string]>([
    [{ name: "redis", version: "1.2.3", repository: "https://charts.example.com" }, "dependencies"],
    [{ name: "redis", version: "1.2.3", repository: "oci://ghcr.io/charts" }, "dependencies"],
    [{ name: "redis", version: "1.2.3", repository: "alias:stable" }, "dependencies"],
    [{ name: "redis", version: "1.2" }, "package"],
    [{ name: "app", tag: "v1" }, "release"],
    [{ repository: "org/app", tag: "v1" }, "git"],
    [{ repository: "org/app", tag: "v1", branch: "main" }, "spec"],
    [{ repository: "github.com/org/app", tag: "v1" }, "spec"],
    [{ repository: "org/app" }, "spec"],
    [{ repository: "nginx" }, "image"],
    [{ imageRepository: "registry.k8s.io", imageTag: "v1.11.3" }, "dns"],
    [{ sourceRepository: "quay.io/k/k", sourceTag: "v1" }, "spec"],
    [{ name: "a/b", newTag: "2", tag: "1" }, "images"],
    [{ registry: "quay.io", tag: "1" }, "spec"],
    [{ hub: "docker.io/istio", tag: "1.20" }, "spec"],
    [{ image: "a/b:1", tag: "2" }, "spec"],
    [{ image: "a/b" }, "spec"],
    [{ image: "q.io/a", version: "1.x" }, "spec"],
    [{ image: "q.io/a", version: ">= 1.2" }, "spec"],
  ])("%j below %s are none", (fields, context) => expect(joined(fields, context)).toEqual([]));

  test("several in one map are told apart by what stands before", () => {
    const fields = { webImage: "q.io/w", webImageTag: "1", dbImageRepository: "q.io/d", dbImageTag: "2", tag: "3" };
    expect(joined(fields)).toEqual(["q.io/w:1", "q.io/d:2"]);
  });

  test("in any order and spelling are the same image", () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    const spelled = fc.constantFrom(
      ["registry", "repository", "tag"],
      ["imageRegistry", "imageRepository", "imageTag"],
      ["image_registry", "image_name", "image_tag"],
    );
    fc.assert(
      fc.property(name, name, name, spelled, fc.boolean(), (host, path, tag, keys, reversed) => {
        const fields = keys.map((key, at): [string, string] => [key, [`${host}.example`, path, tag][at] ?? ""]);
        const ordered = Object.fromEntries(reversed ? fields.reverse() : fields);
        expect(joined(ordered, "x")).toEqual([`${host}.example/${path}:${tag}`]);
      }),
    );
  });
});
