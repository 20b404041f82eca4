import { describe, expect, test } from "bun:test";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";
import { Findings } from "../found/found-image.ts";
import { clusterApi, kubeadm, kubeadmConfigMap } from "./kubeadm.ts";

async function scan(text: string): Promise<Findings> {
  const findings = new Findings();
  const file = { path: "k.yaml", name: "k.yaml", askedFor: true };
  for (const document of readDocuments(text, linesOf("k.yaml"), findings)) {
    if (document.type !== "map") continue;
    const format = [kubeadm, kubeadmConfigMap, clusterApi].find((candidate) => candidate.recognizes(document, file));
    await format?.read(document, file, findings, new AbortController().signal);
  }
  return findings;
}

async function images(settings: string): Promise<string[]> {
  const head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
  return (await scan(head + settings)).images.map(({ written }) => written);
}

describe("a ClusterConfiguration", () => {
  test("needs what kubeadm of its version pulls", async () => {
    expect(await images("kubernetesVersion: v1.31.2\n")).toEqual([
      "registry.k8s.io/kube-apiserver:v1.31.2",
      "registry.k8s.io/kube-controller-manager:v1.31.2",
      "registry.k8s.io/kube-scheduler:v1.31.2",
      "registry.k8s.io/kube-proxy:v1.31.2",
      "registry.k8s.io/coredns/coredns:v1.11.3",
      "registry.k8s.io/pause:3.10",
      "registry.k8s.io/etcd:3.5.15-0",
    ]);
  });

  test("may say where from, which tags, and what it does without", async () => {
    const moved = await images("kubernetesVersion: 1.31.2\nimageRepository: registry.example.com/k8s\n");
    expect(moved).toContain("registry.example.com/k8s/coredns:v1.11.3");
    expect(moved.every((image) => image.startsWith("registry.example.com/k8s/"))).toBe(true);
    const own = await images(`kubernetesVersion: v1.31.2
imageRepository: registry.k8s.io
dns: {imageRepository: quay.io/dns, imageTag: v1.12.0}
etcd: {local: {imageRepository: quay.io/coreos, imageTag: v3.5.15}}
`);
    expect(own).toContain("quay.io/dns/coredns:v1.12.0");
    expect(own).toContain("quay.io/coreos/etcd:v3.5.15");
    expect(own).toHaveLength(7);
    const less = await images(`kubernetesVersion: v1.32.0
proxy: {disabled: true}
dns: {disabled: true}
etcd: {external: {endpoints: ["https://10.0.0.1:2379"]}}
`);
    expect(less.map((image) => image.split("/").at(-1)?.split(":")[0])).toEqual([
      "kube-apiserver",
      "kube-controller-manager",
      "kube-scheduler",
      "pause",
    ]);
  });

  test("of a build, or of a release to come, keeps its version", async () => {
    expect(await images("kubernetesVersion: v1.31.2+vmware.1-fips.1\n")).toContain(
      "registry.k8s.io/kube-proxy:v1.31.2_vmware.1-fips.1",
    );
    expect(await images("kubernetesVersion: v1.37.0-rc.1\n")).toContain("registry.k8s.io/kube-proxy:v1.37.0-rc.1");
  });

  test.each(["stable-1", "latest", "ci/latest", "${VERSION}", "''", "v1.12.0"])(
    "whose version is %s says that its images are not listed",
    async (version) => {
      const head = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\n";
      const { images, problems } = await scan(`${head}kubernetesVersion: ${version}\n`);
      expect(images).toEqual([]);
      expect(problems).toMatchObject([{ severity: "error", message: expect.stringContaining("not listed") }]);
    },
  );

  test("whose version is the newest of a minor release is read with what is known", async () => {
    const { images, problems } = await scan(
      "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: stable-1.30\n",
    );
    expect(images[0]?.written).toBe("registry.k8s.io/kube-apiserver:v1.30.14");
    expect(problems).toMatchObject([{ severity: "note", message: expect.stringContaining("stable-1.30") }]);
  });
});

test("InitConfiguration and JoinConfiguration name images in the kubelet's flags alone", async () => {
  const text = `apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs: {pod-infra-container-image: "registry.example.com/pause:3.9"}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery: {bootstrapToken: {apiServerEndpoint: "10.0.0.1:6443", token: abcdef.0123456789abcdef}}
`;
  const { images, problems } = await scan(text);
  expect(images.map(({ written, kind }) => [written, kind])).toEqual([["registry.example.com/pause:3.9", "guess"]]);
  expect(problems).toEqual([]);
});

test("a control plane of Cluster API is kubeadm's", async () => {
  const text = `apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
spec:
  version: v1.31.2
  kubeadmConfigSpec:
    clusterConfiguration: {imageRepository: registry.example.com, etcd: {local: {imageTag: 3.5.16-0}}}
    files: [{path: /etc/kubernetes/manifests/vip.yaml, content: "kind: Pod\\nspec: {containers: [{image: ghcr.io/v/vip:1}]}\\n"}]
`;
  const written = (await scan(text)).images.map((image) => image.written);
  expect(written).toContain("registry.example.com/etcd:3.5.16-0");
  expect(written).toContain("registry.example.com/kube-proxy:v1.31.2");
  expect(written).toContain("ghcr.io/v/vip:1");
  expect(written).toHaveLength(8);
});

test("the configuration that a cluster keeps is read where it is kept", async () => {
  const text = `apiVersion: v1
kind: ConfigMap
data:
  ClusterConfiguration: |
    apiVersion: kubeadm.k8s.io/v1beta4
    etcd: {local: {imageRepository: quay.io/coreos, imageTag: v3.5.15}}
    kubernetesVersion: v1.31.2
`;
  const { images } = await scan(text);
  expect(images).toHaveLength(7);
  expect(images.map(({ written, line }) => `${written} ${line}`)).toContain("quay.io/coreos/etcd:v3.5.15 6");
  expect(images[0]).toMatchObject({ written: "registry.k8s.io/kube-apiserver:v1.31.2", line: 7 });
});
