import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { RepositoryName } from "../oci/repository-name.ts";
import { type AciRequest, aciFileName, findAci, type KnownImage } from "./aci-path.ts";
import { renderDiscoveryPage } from "./discovery-page.ts";

const HOST = "registry.example.com";
const image = (repository: string, ...tags: string[]): KnownImage => ({
  repository: repository as RepositoryName,
  tags,
});
const IMAGES = [
  image("local/team/app", "1.2.3", "latest", "2-rc1"),
  image("quay.io/coreos/flannel", "v0.5.5", "v0.5.5-amd64"),
  image("docker.io/coreos/flannel", "v0.5.5", "0.6.0"),
  image("docker.io/library/my--app", "1", "a-b"),
  image("docker.io/team/app-2", "rc1", "latest"),
];

const find = (path: string) => findAci(path, IMAGES, HOST);
const aci = (repository: string, tag: string, kind: "aci" | "asc" = "aci"): AciRequest => ({
  kind,
  repository: repository as RepositoryName,
  tag,
});

describe("a path below /aci/", () => {
  test("names an image by its discovered name, its full name, its path or its last component", () => {
    const flannel = aci("quay.io/coreos/flannel", "v0.5.5");
    for (const name of [`${HOST}/quay.io/coreos/flannel`, "quay.io/coreos/flannel", "coreos/flannel", "flannel"]) {
      expect(find(`${name}:v0.5.5.aci`)).toEqual(flannel);
    }
    expect(find("docker.io/coreos/flannel:v0.5.5.aci")).toEqual(aci("docker.io/coreos/flannel", "v0.5.5"));
  });

  test("may be spelled with dashes throughout", () => {
    expect(find("coreos-flannel-v0.5.5.aci")).toEqual(aci("quay.io/coreos/flannel", "v0.5.5"));
    expect(find("coreos-flannel:v0.5.5.aci")).toEqual(aci("quay.io/coreos/flannel", "v0.5.5"));
    expect(find("coreos-flannel-v0.5.5-amd64.aci")).toEqual(aci("quay.io/coreos/flannel", "v0.5.5-amd64"));
    expect(find("docker.io-coreos-flannel-v0.5.5.aci")).toEqual(aci("docker.io/coreos/flannel", "v0.5.5"));
    expect(find("team-app-1.2.3.aci")).toEqual(aci("local/team/app", "1.2.3"));
  });

  test("with dashes that can be read in two ways means the image that is there, the first one if both are", () => {
    expect(find("team-app-2-rc1.aci")).toEqual(aci("local/team/app", "2-rc1"));
    expect(find("team-app-2.aci")).toEqual(aci("docker.io/team/app-2", "latest"));
    expect(findAci("team-app-2-rc1.aci", IMAGES.toReversed(), HOST)).toEqual(aci("docker.io/team/app-2", "rc1"));
  });

  test("without a version means latest, and a v that was added when renaming is forgiven", () => {
    expect(find("team/app.aci")).toEqual(aci("local/team/app", "latest"));
    expect(find("coreos-flannel:v0.6.0.aci")).toEqual(aci("docker.io/coreos/flannel", "0.6.0"));
  });

  test("asks for a signature or the keys", () => {
    expect(find("flannel:v0.5.5.aci.asc")).toEqual(aci("quay.io/coreos/flannel", "v0.5.5", "asc"));
    expect(find("pubkeys.gpg")).toEqual({ kind: "pubkeys" });
  });

  test("finds names that an ACI cannot spell under the ones that it can", () => {
    expect(find(`${HOST}/docker.io/library/my-app:1.aci`)).toEqual(aci("docker.io/library/my--app", "1"));
  });

  test("that names nothing is null", () => {
    const nothing = [
      "",
      ".aci",
      "flannel.aci",
      "flannel:v9.aci",
      "flannel:v0.5.5",
      "../../etc/passwd.aci",
      "x".repeat(5000),
      "-.aci",
      ":.aci",
    ];
    for (const path of nothing) expect([path, find(path)]).toEqual([path, null]);
  });
});

test("every image is found by each of its spellings when it is the only one", () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,5}(?:[-._][a-z0-9]{1,4}){0,2}$/);
  const tag = fc.stringMatching(/^\w[\w.-]{0,12}$/);
  fc.assert(
    fc.property(fc.array(component, { minLength: 1, maxLength: 3 }), tag, (components, tag) => {
      const path = components.join("/");
      const known = [image(`quay.io/${path}`, tag)];
      for (const spelling of [`${path}:${tag}.aci`, aciFileName(path, tag), `quay.io/${path}-${tag}.aci`]) {
        expect(findAci(spelling, known, HOST)).toEqual(aci(`quay.io/${path}`, tag));
      }
    }),
  );
});

describe("the discovery page", () => {
  test("leads to the ACIs, their signatures and the keys", () => {
    const page = renderDiscoveryPage(HOST, `https://${HOST}:8443`);
    const metas = [...page.matchAll(/<meta name="(ac-[^"]*)" content="([^"]*)">/g)].map(([, name, content]) => [
      name,
      content?.replaceAll("&amp;", "&"),
    ]);
    expect(metas).toEqual([
      ["ac-discovery", `${HOST} https://${HOST}:8443/aci/{name}:{version}.{ext}?os={os}&arch={arch}`],
      ["ac-discovery-pubkeys", `${HOST} https://${HOST}:8443/aci/pubkeys.gpg`],
    ]);
  });

  test("holds no markup of a name that asks for it", () => {
    expect(renderDiscoveryPage('"><script>', "http://x")).not.toContain("<script>");
  });
});
