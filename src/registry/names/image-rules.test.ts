import { describe, expect, test } from "bun:test";
import { type Namespace, parsePathIn } from "../../oci/repository-name.ts";
import { parseTag } from "../../oci/tag.ts";
import { ImageRules, type ImageRuleTexts, IntakeDenied, NO_IMAGE_RULES } from "./image-rules.ts";

const NOTHING: ImageRuleTexts = { allow: [], deny: [], upstreams: [], immutable: [] };
const rulesOf = (texts: Partial<ImageRuleTexts>) => new ImageRules({ ...NOTHING, ...texts });
const own = (host: string, allow: readonly string[], deny: readonly string[] = []) => ({
  upstreams: [{ namespace: host as Namespace, allow, deny }],
});
const refusal = (rules: ImageRules, image: string) => {
  const [, namespace = "", path = "", tag] = /^([^/]+)\/([^:]+)(?::(.+))?$/.exec(image) ?? [];
  const repository = { namespace: namespace as Namespace, path: parsePathIn(namespace as Namespace, path) };
  return rules.refusal(repository, tag === undefined ? null : parseTag(tag));
};

describe("what may come in", () => {
  const cases: readonly [string, ImageRules, readonly string[], readonly string[]][] = [
    ["no rules", NO_IMAGE_RULES, ["docker.io/a/b:1", "quay.io/x"], []],
    [
      "a general list of what alone may",
      rulesOf({ allow: ["docker.io/library/**", "*/team/*"] }),
      ["docker.io/nginx:1", "quay.io/team/app:1", "local/any/thing:1"],
      ["docker.io/grafana/grafana:1", "quay.io/team/a/b"],
    ],
    [
      "a registry's own list takes the place of the general one",
      rulesOf({ allow: ["docker.io/**"], ...own("quay.io", ["coreos/*"]) }),
      ["quay.io/coreos/etcd:1", "docker.io/x/y"],
      ["quay.io/other/etcd:1", "ghcr.io/x/y"],
    ],
    [
      "what is denied is denied whatever allows it, in general or for a registry",
      rulesOf({ deny: ["*/evil/**"], ...own("quay.io", ["**"], ["coreos/flannel"]) }),
      ["quay.io/coreos/etcd", "docker.io/a/evil"],
      ["quay.io/coreos/flannel:1", "quay.io/evil/a/b", "docker.io/evil/x"],
    ],
    [
      "tags",
      rulesOf({ ...own("docker.io", ["nginx:1.2*", "library/redis"], ["library/nginx:*-perl"]) }),
      // By digest the name decides; a signature's tag is one.
      ["docker.io/nginx:1.27", "docker.io/nginx", "docker.io/redis:7", `docker.io/nginx:sha256-${"a".repeat(64)}.sig`],
      ["docker.io/nginx:latest", "docker.io/nginx:1.27-perl", "docker.io/alpine"],
    ],
    [
      "any tag is every image",
      rulesOf({ deny: ["docker.io/evil/*:*"] }),
      ["docker.io/good/app"],
      ["docker.io/evil/app", "docker.io/evil/app:1"],
    ],
    [
      "a pattern of a registry's own that begins with a star is one of its paths",
      rulesOf(own("quay.io", [], ["*/evil"])),
      ["quay.io/evil", "docker.io/a/evil"],
      ["quay.io/a/evil:1"],
    ],
  ];
  test.each(cases)("%s", (_, rules, may, mayNot) => {
    for (const image of may) expect([image, refusal(rules, image)]).toEqual([image, null]);
    for (const image of mayNot) expect([image, refusal(rules, image)]).not.toEqual([image, null]);
  });

  test("the rule that decides is named", () => {
    const rules = rulesOf({
      allow: ["docker.io/**"],
      deny: ["*/evil/**"],
      ...own("quay.io", ["a/*"], ["quay.io/a/b:1*"]),
    });
    expect(refusal(rules, "docker.io/evil/x:1")).toBe(
      'docker.io/evil/x:1 may not come in: deny "*/evil/**" in larder\'s settings denies it',
    );
    expect(refusal(rules, "quay.io/a/b:1.2")).toContain(
      'upstreams.quay.io.deny "quay.io/a/b:1*" in larder\'s settings',
    );
    expect(refusal(rules, "quay.io/c/d")).toBe(
      "quay.io/c/d may not come in: upstreams.quay.io.allow in larder's settings does not name it",
    );
    expect(refusal(rules, "ghcr.io/c/d")).toContain("allow in larder's settings does not name it");
    const repository = { namespace: "ghcr.io" as Namespace, path: parsePathIn("ghcr.io" as Namespace, "c/d") };
    expect(() => rules.assertMayComeIn(repository, null)).toThrow(IntakeDenied);
  });

  test("a pattern of another registry does not stand among a registry's own", () => {
    expect(() => rulesOf(own("quay.io", ["docker.io/x/y"]))).toThrow(
      '"docker.io/x/y" names the registry docker.io, and stands among the rules of quay.io',
    );
  });
});

test("tags that never change, with the rule that says so", () => {
  const rules = rulesOf({ immutable: ["team/**:v*", "docker.io/library/nginx"] });
  const by = (namespace: string, path: string, tag: string) =>
    rules.immutableBy(
      { namespace: namespace as Namespace, path: parsePathIn(namespace as Namespace, path) },
      parseTag(tag),
    );
  expect(by("local", "team/a/b", "v1")).toBe('immutable "team/**:v*"');
  expect(by("docker.io", "nginx", "latest")).toBe('immutable "docker.io/library/nginx"');
  // Signatures are added to those that are there.
  expect(by("docker.io", "nginx", `sha256-${"0".repeat(64)}.sig`)).toBeNull();
  expect([by("local", "team/a", "latest"), by("quay.io", "team/a", "v1")]).toEqual([null, null]);
});
