import { describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatReference } from "../../oci/reference.ts";
import { kubeadmImages } from "./kubeadm.ts";
import { ADD_ONS } from "./kubernetes-add-ons.ts";
import { kubernetesImages, type KubernetesOptions } from "./kubernetes-images.ts";
import { RELEASES } from "./kubernetes-release-table.ts";
import { UnknownReleaseError } from "./kubernetes-version.ts";

function names(version: string, options: KubernetesOptions = {}): string[] {
  return kubernetesImages(version, options).images.map(formatReference);
}

describe("a Kubernetes release", () => {
  test("needs the images that its kubeadm lists", () => {
    expect(names("v1.31.2")).toEqual([
      "registry.k8s.io/kube-apiserver:v1.31.2",
      "registry.k8s.io/kube-controller-manager:v1.31.2",
      "registry.k8s.io/kube-scheduler:v1.31.2",
      "registry.k8s.io/kube-proxy:v1.31.2",
      "registry.k8s.io/coredns/coredns:v1.11.3",
      "registry.k8s.io/pause:3.10",
      "registry.k8s.io/etcd:3.5.15-0",
    ]);
    expect(names("1.20.15")).toContain("k8s.gcr.io/coredns:1.7.0");
    expect(names("1.23.14")).toContain("k8s.gcr.io/etcd:3.5.5-0");
    expect(names("1.23.15")).toContain("registry.k8s.io/etcd:3.5.6-0");
  });

  test("is known for every patch release of its minor release without a gap", () => {
    for (const [index, row] of RELEASES.entries()) {
      const before = RELEASES[index - 1];
      const follows = before?.minor === row.minor ? before.patches[1] + 1 : 0;
      expect(`1.${row.minor} ${row.patches[0]}`).toBe(`1.${row.minor} ${follows}`);
      for (const patch of row.patches)
        expect(kubernetesImages(`1.${row.minor}.${patch}`)).toMatchObject({ images: { length: 7 }, warnings: [] });
    }
    expect(RELEASES.at(-1)?.minor).toBe(37);
  });

  test("without a patch number is its newest known one", () => {
    expect(names("1.30")[0]).toBe("registry.k8s.io/kube-apiserver:v1.30.14");
  });

  test("newer than the table is a guess that says so", () => {
    for (const version of ["1.37.9", "1.40.0"]) {
      const { images, warnings } = kubernetesImages(version);
      expect(images.map(formatReference)).toContain("registry.k8s.io/etcd:3.7.0-0");
      expect(warnings.join()).toContain("guess");
    }
  });

  test.each(["1.19.3", "1.40", "2.0.0", "latest", "", "1.31.2.3", "1.x"])(
    "that is not known is refused: %p",
    (version) => {
      expect(() => kubernetesImages(version)).toThrow(UnknownReleaseError);
    },
  );

  test("from another repository has CoreDNS beside the others", () => {
    expect(names("1.31.2", { imageRepository: "10.0.0.9:5000/k8s" })).toContain("10.0.0.9:5000/k8s/coredns:v1.11.3");
    expect(names("1.20.0", { imageRepository: "r.example" })).toContain("r.example/coredns:1.7.0");
  });

  test("comes with add-ons and the runtime's own sandbox image, each image once", () => {
    const images = names("1.34.1", { with: ["flannel@v0.27.4", "metrics-server"], runtime: "containerd@2.2.1" });
    expect(images).toContain("ghcr.io/flannel-io/flannel-cni-plugin:v1.8.0-flannel1");
    expect(images).toContain("registry.k8s.io/metrics-server/metrics-server:v0.9.0");
    expect(images.filter((image) => image.includes("/pause:"))).toEqual(["registry.k8s.io/pause:3.10.1"]);
    for (const name of ADD_ONS.keys()) expect(names("1.34.1", { with: [name] }).length).toBeGreaterThan(7);
  });

  test.each([
    ["containerd@1.6.8", "k8s.gcr.io/pause:3.6"],
    ["containerd@1.6", "registry.k8s.io/pause:3.6"],
    ["containerd@1.7", "registry.k8s.io/pause:3.8"],
    ["containerd@2.4.2", "registry.k8s.io/pause:3.10.2"],
    ["containerd@v2.1", "registry.k8s.io/pause:3.10"],
    ["cri-o@1.27.0", "registry.k8s.io/pause:3.6"],
    ["cri-o@1.27", "registry.k8s.io/pause:3.9"],
    ["cri-o@1.30.14", "registry.k8s.io/pause:3.9"],
    ["cri-o@1.31", "registry.k8s.io/pause:3.10"],
    ["cri-o@1.37.0", "registry.k8s.io/pause:3.10.1"],
    ["crio@1.25.1", "registry.k8s.io/pause:3.6"],
  ])("on %s starts pods with %s", (runtime, image) => expect(names("1.28.0", { runtime })).toContain(image));

  test("names what is known when an add-on or runtime is not", () => {
    expect(() => names("1.31.0", { with: ["romana"] })).toThrow(/flannel, calico/);
    expect(() => names("1.31.0", { with: ["cilium@1.2.3"] })).toThrow(/only at 1.20.0/);
    for (const runtime of ["docker@20", "containerd", "containerd@2", "containerd@2.9", "cri-o@1.23", ""]) {
      expect(() => names("1.31.0", { runtime })).toThrow(/containerd@2.3 to 2.4, .*cri-o@1.34 to 1.37, and none/);
    }
  });

  test("on a runtime that is not wanted has kubeadm's images alone", () => {
    expect(names("1.31.2", { runtime: "none" })).toEqual(names("1.31.2"));
  });
});

describe("kubeadm", () => {
  test("is asked when it is on the PATH, and its words are passed on when it fails", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-kubeadm-"));
    try {
      const signal = new AbortController().signal;
      const environment = { PATH: `${folder}:/usr/bin:/bin` };
      const ask = (version: string) => kubeadmImages(version, { environment, signal, imageRepository: "r.example" });
      expect(await ask("1.31.2")).toBeNull();
      const program = join(folder, "kubeadm");
      await writeFile(
        program,
        '#!/bin/sh\n[ "$5" = v1.31.2 ] || { echo "cannot $5" >&2; exit 1; }\necho "$7/kube-apiserver:$5"\n',
      );
      await chmod(program, 0o755);
      expect((await ask("1.31.2"))?.map(formatReference)).toEqual(["r.example/kube-apiserver:v1.31.2"]);
      expect(ask("1.32.0")).rejects.toThrow("cannot v1.32.0");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
