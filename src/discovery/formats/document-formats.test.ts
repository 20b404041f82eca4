import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanYamlFile } from "../files/yaml-file.ts";
import { Findings } from "../found/found-image.ts";
import { DOCUMENT_FORMATS } from "./document-formats.ts";

const DIGEST = `sha256:${"1".repeat(64)}`;

async function scan(text: string, name = "f.yaml", folder = "/nowhere", askedFor = false): Promise<Findings> {
  const findings = new Findings();
  const file = { path: join(folder, name), name, text, askedFor, formats: DOCUMENT_FORMATS };
  await scanYamlFile(file, new AbortController().signal, findings);
  return findings;
}

/** Images as `written line` with their platforms, what is elsewhere as `> what`, problems as `! message`. */
async function summary(text: string, name?: string): Promise<string[]> {
  const { images, elsewhere, problems } = await scan(text, name);
  return [
    ...images.map(({ written, line, kind, platform }) =>
      [written, ...(kind === "guess" ? ["guess"] : []), line, ...(platform === null ? [] : [platform])].join(" "),
    ),
    ...elsewhere.map(({ what }) => `> ${what}`),
    ...problems.map(({ severity, message }) => `${severity === "error" ? "!" : "note"} ${message}`),
  ];
}

describe("the document of another tool", () => {
  test("Zarf: images, charts, manifests and imports", async () => {
    const text = `kind: ZarfPackageConfig
components:
  - name: a
    only: {cluster: {architecture: arm64}}
    images: [nginx, "quay.io/z/one:1", "###ZARF_PKG_TMPL_IMAGE###"]
  - name: b
    images: [{name: quay.io/z/two:2}]
    charts:
      - {name: web, url: "https://charts.example.com", version: 1.2.3}
      - {name: oci, url: "oci://ghcr.io/c/oci", version: 6.4.0+x}
      - {name: git, url: "https://git.example.com/a/b.git", version: 1.0.0, gitPath: charts/b}
      - {name: new, helmRepository: {name: fresh, url: "https://charts.example.com", version: 2.0.0}}
      - {name: loc, localPath: chart}
    manifests:
      - {name: m, files: [dep.yaml, "https://files.example.com/x.yaml"], kustomizations: [overlay]}
  - {name: c, import: {path: ../common}}
  - {name: d, import: {url: "oci://ghcr.io/z/pkg:1"}}
`;
    expect(await summary(text, "zarf.yaml")).toEqual([
      "nginx 5 linux/arm64",
      "quay.io/z/one:1 5 linux/arm64",
      "quay.io/z/two:2 7",
      "ghcr.io/c/oci:6.4.0_x 10",
      "> the chart web 1.2.3 of https://charts.example.com",
      "> the chart oci 6.4.0+x of oci://ghcr.io/c",
      "> the chart charts/b 1.0.0 of https://git.example.com/a/b.git",
      "> the chart fresh 2.0.0 of https://charts.example.com",
      "> the chart chart",
      "> the manifest dep.yaml",
      "> the manifest https://files.example.com/x.yaml",
      "> the kustomization overlay",
      "> the component that is imported from ../common",
      "> the component that is imported from oci://ghcr.io/z/pkg:1",
      '! the image "###ZARF_PKG_TMPL_IMAGE###" holds a placeholder that cannot be resolved here',
    ]);
  });

  test("Zarf: what lies beside the file is read with its folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-zarf-"));
    try {
      await writeFile(join(folder, "dep.yaml"), "a: b\n");
      const text = "kind: ZarfPackageConfig\ncomponents: [{name: a, manifests: [{name: m, files: [dep.yaml]}]}]\n";
      expect((await scan(text, "zarf.yaml", folder)).elsewhere).toEqual([]);
      expect((await scan(text, "zarf.yaml", folder, true)).elsewhere).toMatchObject([
        { what: expect.stringContaining("name their folder") },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("skopeo sync: tags, digests, and what only a registry knows", async () => {
    const text = `registry.example.com:
  images: {busybox: [], redis: ["1.0", "${DIGEST}"]}
  images-by-tag-regex: {nginx: ^1\\.13}
  credentials: {username: a, password: b}
localhost:5000:
  images-by-semver: {alpine: ["3.12 - 3.13", ">= 3.17"]}
docker.io:
  tls-verify: false
  images: {alpine: [latest]}
`;
    expect(await summary(text)).toEqual([
      "registry.example.com/redis:1.0 2",
      `registry.example.com/redis@${DIGEST} 2`,
      "docker.io/alpine:latest 9",
      "> the list of tags of registry.example.com/busybox, all of which are meant,",
      "> the list of tags of registry.example.com/nginx, of which those are meant that match ^1\\.13,",
      "> the list of tags of localhost:5000/alpine, of which those are meant that match 3.12 - 3.13 or >= 3.17,",
    ]);
  });

  test("regsync: sources, not targets", async () => {
    const text = `version: 1
creds: [{registry: "registry:5000"}]
defaults: {platform: linux/arm64}
sync:
  - {source: "busybox:latest", target: "registry:5000/b:latest", type: image}
  - {source: "a/b:1", target: "registry:5000/b:1", type: image, platform: linux/amd64}
  - {source: alpine, target: "registry:5000/a", type: repository, tags: {allow: ["3", "3.\\\\d+"]}}
  - {source: registry.example.com, target: "registry:5000", type: registry}
  - {source: "ocidir:///tmp/x", target: "registry:5000/c", type: image}
  - {source: '{{ env "X" }}:1', target: "registry:5000/d", type: image}
`;
    expect(await summary(text)).toEqual([
      "busybox:latest 5 linux/arm64",
      "a/b:1 6 linux/amd64",
      "> the list of tags of docker.io/library/alpine, of which those are meant that match 3 or 3.\\d+,",
      "> the list of repositories of registry.example.com, all of which are meant,",
      '! the image "{{ env \\"X\\" }}:1" holds a placeholder that cannot be resolved here',
    ]);
  });

  test("oc-mirror: what is blocked is not brought, what is to be deleted never", async () => {
    const text = `apiVersion: mirror.openshift.io/v2alpha1
kind: ImageSetConfiguration
storageConfig: {registry: {imageURL: "registry.example.com/meta:latest"}}
mirror:
  platform: {channels: [{name: stable-4.16, minVersion: 4.16.0, maxVersion: 4.16.3}]}
  operators:
    - catalog: registry.redhat.io/redhat/redhat-operator-index:v4.16
      targetCatalog: mine/index
      packages: [{name: elastic}]
    - catalog: oci:///home/x/catalog
  additionalImages: [{name: quay.io/o/one:1}, {name: quay.io/o/two:2}, {name: alpine:3}, {name: quay.io/p/x:1}]
  blockedImages: [{name: quay.io/o/two}, {name: docker.io/library/alpine}, {name: "quay.io/p/.*"}]
  helm:
    repositories: [{name: p, url: "https://charts.example.com", charts: [{name: web, version: 5.0.0}]}]
    local: [{name: l, path: /nowhere/l.tgz}]
---
apiVersion: mirror.openshift.io/v2alpha1
kind: DeleteImageSetConfiguration
delete: {additionalImages: [{name: quay.io/o/gone:1}]}
`;
    expect(await summary(text)).toEqual([
      "quay.io/o/one:1 11",
      "registry.redhat.io/redhat/redhat-operator-index:v4.16 7",
      "> the operators elastic of the catalog registry.redhat.io/redhat/redhat-operator-index:v4.16",
      "> the operators of the catalog oci:///home/x/catalog",
      "> the release channel stable-4.16 (4.16.0 to 4.16.3) of OpenShift",
      "> the chart web 5.0.0 of https://charts.example.com",
      "> the chart /nowhere/l.tgz",
    ]);
  });

  test("Carvel: locks without their annotations, kbld's replacements, what vendir and kapp-controller fetch", async () => {
    const text = `apiVersion: imgpkg.carvel.dev/v1alpha1
kind: ImagesLock
images:
  - image: quay.io/i/a@${DIGEST}
    annotations: {kbld.carvel.dev/id: "nginx:1.7", kbld.carvel.dev/origins: "- resolved: {url: nginx:1.7}\\n"}
---
apiVersion: kbld.k14s.io/v1alpha1
kind: Config
sources: [{image: mine/app, path: src}]
destinations: [{image: mine/app, newImage: registry.example.com/app}]
overrides: [{image: unknown, newImage: "docker.io/library/nginx:1.14"}]
---
apiVersion: vendir.k14s.io/v1alpha1
kind: Config
directories:
  - path: v
    contents:
      - {path: a, imgpkgBundle: {image: "ghcr.io/v/bundle:1"}}
      - {path: b, helmChart: {name: web, version: 1.0.0, repository: {url: "https://charts.example.com"}}}
      - {path: c, git: {url: "https://git.example.com/a/b", ref: main}}
---
apiVersion: data.packaging.carvel.dev/v1alpha1
kind: Package
spec: {template: {spec: {fetch: [{imgpkgBundle: {image: "ghcr.io/p/pkg:2"}}]}}}
`;
    expect(await summary(text)).toEqual([
      `quay.io/i/a@${DIGEST} 4`,
      "docker.io/library/nginx:1.14 11",
      "ghcr.io/v/bundle:1 18",
      "ghcr.io/p/pkg:2 24",
      "> the chart web 1.0.0 of https://charts.example.com",
      "> what is fetched from https://git.example.com/a/b",
    ]);
  });

  test("k0s and k0sctl: images in parts, another registry in front, charts", async () => {
    const text = `apiVersion: k0sctl.k0sproject.io/v1beta1
kind: Cluster
spec:
  k0s:
    config:
      apiVersion: k0s.k0sproject.io/v1beta1
      kind: ClusterConfig
      spec:
        images:
          repository: registry.example.com/k0s
          konnectivity: {image: quay.io/k0sproject/agent, version: v0.1.4}
          calico: {cni: {image: quay.io/k0sproject/calico-cni, version: v3.26.1}}
          default_pull_policy: IfNotPresent
        extensions:
          helm:
            repositories: [{name: p, url: "https://charts.example.com"}]
            charts: [{chartname: p/web, version: "1.2"}, {chartname: "oci://ghcr.io/c/x", version: 1.0.0}]
`;
    expect(await summary(text)).toEqual([
      "registry.example.com/k0s/k0sproject/agent:v0.1.4 11",
      "registry.example.com/k0s/k0sproject/calico-cni:v3.26.1 12",
      "ghcr.io/c/x:1.0.0 17",
      "> the chart web 1.2 of https://charts.example.com",
      "> the chart x 1.0.0 of oci://ghcr.io/c",
      "note k0s brings images of its own where the file names none: k0s airgap list-images prints them",
    ]);
  });

  test("RKE: system images, or the version whose list is not here", async () => {
    expect(await summary("nodes: []\nsystem_images:\n  etcd: rancher/etcd:v3\n  dns: rancher/dns:1\n")).toEqual([
      "rancher/etcd:v3 3",
      "rancher/dns:1 4",
    ]);
    expect(await summary("nodes: [{address: 10.0.0.1}]\nkubernetes_version: v1.26.4-rancher2-1\n")).toEqual([
      "> RKE's own list for Kubernetes v1.26.4-rancher2-1 (rke config --system-images prints it)",
    ]);
  });

  test("Talos: parts that are turned off need no image", async () => {
    const text = `version: v1alpha1
machine:
  type: controlplane
  install: {disk: /dev/sda, image: "ghcr.io/siderolabs/installer:v1.11.0"}
  kubelet: {image: "ghcr.io/siderolabs/kubelet:v1.34.0"}
  registries: {mirrors: {docker.io: {endpoints: ["https://registry.example.com"]}}}
cluster:
  apiServer: {image: "registry.k8s.io/kube-apiserver:v1.34.0"}
  proxy: {disabled: true, image: "registry.k8s.io/kube-proxy:v1.34.0"}
  coreDNS: {image: "registry.k8s.io/coredns/coredns:v1.12.1"}
  network: {cni: {name: custom, urls: ["https://files.example.com/cni.yaml"]}}
  extraManifests: ["https://files.example.com/more.yaml"]
  inlineManifests:
    - name: pod
      contents: |
        apiVersion: v1
        kind: Pod
        spec: {containers: [{image: "quay.io/t/pod:1"}]}
`;
    expect(await summary(text)).toEqual([
      "ghcr.io/siderolabs/installer:v1.11.0 4",
      "ghcr.io/siderolabs/kubelet:v1.34.0 5",
      "registry.k8s.io/kube-apiserver:v1.34.0 8",
      "registry.k8s.io/coredns/coredns:v1.12.1 10",
      "quay.io/t/pod:1 guess 18",
      "> the manifest https://files.example.com/more.yaml",
      "> the manifest https://files.example.com/cni.yaml",
    ]);
  });

  test("Crossplane: packages and what they depend on", async () => {
    const text = `apiVersion: pkg.crossplane.io/v1
kind: Provider
spec: {package: "xpkg.crossplane.io/x/provider-aws:v1.2.3"}
---
apiVersion: pkg.crossplane.io/v1
kind: Function
spec: {package: "x/function-go:v0.1.0"}
---
apiVersion: meta.pkg.crossplane.io/v1
kind: Configuration
spec:
  dependsOn:
    - {provider: xpkg.crossplane.io/x/provider-gcp, version: v1.0.0}
    - {provider: xpkg.crossplane.io/x/provider-azure, version: ">=v1.0.0"}
`;
    expect(await summary(text)).toEqual([
      "xpkg.crossplane.io/x/provider-aws:v1.2.3 3",
      "xpkg.upbound.io/x/function-go:v0.1.0 7",
      "xpkg.crossplane.io/x/provider-gcp:v1.0.0 13",
      "> the package xpkg.crossplane.io/x/provider-azure >=v1.0.0",
    ]);
  });

  test("OLM: catalogs, and the fields of a ClusterServiceVersion", async () => {
    const catalog = `schema: olm.package
name: op
---
schema: olm.bundle
image: quay.io/o/bundle:v1
relatedImages: [{name: op, image: "quay.io/o/op:v1"}]
`;
    expect(await summary(catalog)).toEqual(["quay.io/o/bundle:v1 5", "quay.io/o/op:v1 6"]);
    const version = `apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata:
  annotations: {containerImage: "quay.io/o/op:v1"}
spec:
  relatedImages: [{name: agent, image: "quay.io/o/agent:v1"}]
  install:
    spec:
      deployments: [{spec: {template: {spec: {containers: [
        {image: "quay.io/o/op:v1", env: [{name: RELATED_IMAGE_DB, value: "o/db:v1"}]}]}}}}]
`;
    expect(await summary(version)).toEqual([
      "quay.io/o/op:v1 guess 4",
      "quay.io/o/agent:v1 6",
      "quay.io/o/op:v1 10",
      "o/db:v1 guess 10",
    ]);
  });

  test("component descriptors: images, not sources", async () => {
    const text = `meta: {schemaVersion: v2}
component:
  name: example.com/c
  sources: [{name: src, access: {type: github, repoUrl: github.com/a/b, ref: v1}}]
  resources:
    - {name: a, type: ociImage, access: {type: ociRegistry, imageReference: "quay.io/c/a:1"}}
  componentReferences: [{name: d, componentName: example.com/d, version: v2}]
---
apiVersion: ocm.software/v3alpha1
kind: ComponentVersion
spec: {resources: [{name: b, type: ociImage, access: {type: ociArtifact, imageReference: "quay.io/c/b:1"}}]}
`;
    expect(await summary(text)).toEqual(["quay.io/c/a:1 6", "quay.io/c/b:1 11", "> the component example.com/d v2"]);
  });

  test("Artifact Hub: packages, and the annotation of a chart that is a plain file", async () => {
    const text = `version: 1.0.0
name: p
containersImages:
  - {name: a, image: "quay.io/h/a:1", platforms: [linux/arm64]}
  - {name: b, image: "quay.io/h/b:1", platforms: [linux/amd64, linux/arm64]}
---
apiVersion: v2
name: c
annotations:
  artifacthub.io/images: |
    - name: op
      image: quay.io/h/op:1
`;
    expect(await summary(text)).toEqual(["quay.io/h/a:1 4 linux/arm64", "quay.io/h/b:1 5", "quay.io/h/op:1 12"]);
  });

  test("Skaffold: builders and tests, not what is built", async () => {
    const text = `apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - {image: mine/app, docker: {dockerfile: Dockerfile}}
    - {image: mine/web, buildpacks: {builder: "gcr.io/buildpacks/builder:v1"}}
verify:
  - {name: a, container: {name: a, image: "quay.io/s/check:1"}}
  - {name: b, container: {name: b, image: mine/app}}
deploy:
  helm:
    releases:
      - {name: r, remoteChart: redis, repo: "https://charts.example.com", version: 1.0.0}
      - {name: l, chartPath: charts/none}
`;
    expect(await summary(text)).toEqual([
      "gcr.io/buildpacks/builder:v1 6",
      "quay.io/s/check:1 8",
      "> the chart redis 1.0.0 of https://charts.example.com",
      "> the chart charts/none",
    ]);
  });
});

test("what kubectl prints as a list is read item by item", async () => {
  const text = `apiVersion: v1
kind: List
items:
  - apiVersion: pkg.crossplane.io/v1
    kind: Provider
    spec: {package: "xpkg.crossplane.io/x/p:v1"}
  - apiVersion: v1
    kind: Pod
    spec: {containers: [{image: redis}]}
---
apiVersion: v1
kind: PodList
items: [{spec: {containers: [{image: "a/b:1"}]}}]
`;
  expect(await summary(text)).toEqual(["xpkg.crossplane.io/x/p:v1 6", "redis 9", "a/b:1 13"]);
});
