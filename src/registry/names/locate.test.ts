import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Namespace } from "../../oci/repository-name.ts";
import { type Asked, type ServedHosts, locate, namespaceOf } from "./locate.ts";

const hosts: ServedHosts = {
  standsInFor: (namespace) => ["docker.io", "quay.io", "registry.k8s.io"].includes(namespace),
  isOwn: (namespace) => ["localhost:5000", "larder.example", "192.0.2.1:5000"].includes(namespace),
};
const asked = (more: Partial<Asked> = {}): Asked => ({ ns: null, prefix: null, host: "192.0.2.1:5000", ...more });
const located = (name: string, more: Partial<Asked> = {}) => {
  const { namespace, path } = locate(name, asked(more), hosts);
  return `${namespace} ${path}`;
};

describe("the namespace of a request", () => {
  test.each([
    ["ns before all else", "library/nginx", { ns: "quay.io", host: "docker.io" }, "quay.io library/nginx"],
    ["ns, with docker.io's other names", "library/nginx", { ns: "registry-1.docker.io" }, "docker.io library/nginx"],
    ["ns of a registry that larder does not stand in for", "a/b", { ns: "other.example" }, "other.example a/b"],
    ["ns that is larder's own name", "a/b", { ns: "larder.example" }, "local a/b"],
    ["a host before /v2/", "coreos/etcd", { prefix: "quay.io" }, "quay.io coreos/etcd"],
    ["the host", "library/nginx", { host: "docker.io" }, "docker.io library/nginx"],
    [
      "the host, in capitals and with larder's port",
      "pause",
      { host: "Registry.K8s.io:5000" },
      "registry.k8s.io pause",
    ],
    [
      "the host, by docker.io's other names",
      "library/nginx",
      { host: "registry-1.docker.io:443" },
      "docker.io library/nginx",
    ],
    [
      "the host, by the name on docker.io's website",
      "library/nginx",
      { host: "registry.hub.docker.com" },
      "docker.io library/nginx",
    ],
    ["docker.io's short name, by ns", "nginx", { ns: "docker.io" }, "docker.io library/nginx"],
    ["docker.io's short name, by an alias as ns", "nginx", { ns: "index.docker.io" }, "docker.io library/nginx"],
    ["docker.io's short name, by a host before /v2/", "nginx", { prefix: "docker.io" }, "docker.io library/nginx"],
    ["docker.io's short name, by the host", "nginx", { host: "registry-1.docker.io" }, "docker.io library/nginx"],
    ["docker.io's short name, by the first component", "docker.io/nginx", {}, "docker.io library/nginx"],
    [
      "docker.io's short name, by an alias as the first component",
      "registry.hub.docker.com/nginx",
      {},
      "docker.io library/nginx",
    ],
    ["docker.io's short name, said twice", "docker.io/nginx", { ns: "docker.io" }, "docker.io library/nginx"],
    ["docker.io's name of two components", "docker.io/grafana/grafana", {}, "docker.io grafana/grafana"],
    ["a short name of another registry", "quay.io/nginx", {}, "quay.io nginx"],
    ["a short name without a registry", "nginx", {}, "local nginx"],
    ["the first component", "quay.io/coreos/etcd", {}, "quay.io coreos/etcd"],
    ["the first component with a port", "10.0.0.9:5000/app", {}, "10.0.0.9:5000 app"],
    ["the first component localhost, when it is not larder", "localhost/app", {}, "localhost app"],
    ["the first component, when it is larder", "localhost:5000/app", {}, "local app"],
    ["a mirror's prefix that says again what ns says", "quay.io/coreos/etcd", { ns: "quay.io" }, "quay.io coreos/etcd"],
    ["a dotted name under another registry", "my.org/app", { host: "quay.io" }, "quay.io my.org/app"],
    ["the full name of what was pushed here", "local/app", {}, "local app"],
    ["a user called local at another registry", "local/app", { host: "quay.io" }, "quay.io local/app"],
    ["an unknown host: it is larder's own address", "app", { host: "whatever.example" }, "local app"],
    ["no host at all", "app", { host: null }, "local app"],
  ])("%s", (_, name, more, expected) => expect(located(name, more)).toBe(expected));

  test.each(["UPPER/x", "a//b", "../x", "a/", ""])("%p is no name", (name) => {
    expect(() => located(name)).toThrow("not valid");
  });

  test("an ns that is no host is refused", () => {
    expect(() => located("a", { ns: "not a host" })).toThrow("not a registry's host");
  });
});

const component = fc.stringMatching(/^[a-z0-9]{1,10}$/);
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const host = fc.tuple(component, component).map(([a, b]) => `${a}.${b}`);

test("the three ways to name a registry mean the same repository, and none leads out of it", () => {
  fc.assert(
    fc.property(host, path, (host, path) => {
      fc.pre(host !== "larder.example");
      const byNs = located(path, { ns: host });
      expect(byNs).toBe(`${host} ${path}`);
      expect(located(path, { prefix: host })).toBe(byNs);
      expect(located(`${host}/${path}`)).toBe(byNs);
      expect(located(`${host}/${path}`, { ns: host })).toBe(byNs);
    }),
  );
});

test("whatever is asked, the answer is a namespace and a valid path, or an error of ours", () => {
  fc.assert(
    fc.property(fc.string(), fc.option(fc.string()), fc.option(fc.string()), (name, ns, host) => {
      try {
        const { namespace, path } = locate(name, { ns, prefix: null, host }, hosts);
        expect(path).toMatch(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/);
        expect(namespace).not.toContain("/");
      } catch (error) {
        expect(error).toMatchObject({ code: "NAME_INVALID" });
      }
    }),
  );
});

test("the catalog's namespace is that of the request alone", () => {
  expect(namespaceOf(asked({ host: "quay.io" }), hosts)).toBe("quay.io" as Namespace);
  expect(namespaceOf(asked(), hosts)).toBeNull();
});
