import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseKubernetesVersion, UnknownReleaseError } from "./kubernetes-version.ts";

describe("a Kubernetes version", () => {
  test.each([
    ["v1.31.2", "v1.31.2", ""],
    ["1.31.2", "v1.31.2", ""],
    [" v1.31.2\n", "v1.31.2", ""],
    ["v1.31", "v1.31.14", ""],
    ["stable-1.31", "v1.31.14", ""],
    ["v1.31.2+k3s1", "v1.31.2", "+k3s1"],
    ["1.31.2+rke2r1", "v1.31.2", "+rke2r1"],
    ["v1.31.2-eks-a737599", "v1.31.2", "-eks-a737599"],
    ["v1.31.2-gke.1234000", "v1.31.2", "-gke.1234000"],
    ["v1.31.2+vmware.1-fips.1", "v1.31.2", "+vmware.1-fips.1"],
    ["v1.32.0-rc.1", "v1.32.0-rc.1", ""],
    ["v1.32.0-alpha.3", "v1.32.0-alpha.3", ""],
    ["v1.32.0-rc.1+k3s1", "v1.32.0-rc.1", "+k3s1"],
    ['GitVersion:"v1.31.2"', "v1.31.2", ""],
    ["Server Version: v1.31.2+k3s1", "v1.31.2", "+k3s1"],
    ["Client Version: v1.33.0\nKustomize Version: v5.6.0\nServer Version: v1.31.2\n", "v1.31.2", ""],
    ["Kubernetes v1.31.2", "v1.31.2", ""],
    ['kubeadm version: &version.Info{Major:"1", Minor:"31", GitVersion:"v1.31.2", GitCommit:"0"}', "v1.31.2", ""],
    ['{"clientVersion": {"gitVersion": "v1.31.2", "platform": "linux/amd64"}}', "v1.31.2", ""],
  ])("%j is %s", (text, tag, distribution) => {
    expect(parseKubernetesVersion(text)).toMatchObject({ tag, distribution });
  });

  test.each([
    "1.31.2.3",
    "latest",
    "stable",
    "stable-1",
    "",
    "v2.0.0",
    "1.31.2 or so",
    "1.31-rc.1",
    "x".repeat(10_000),
  ])("%j is none", (text) => expect(() => parseKubernetesVersion(text)).toThrow(UnknownReleaseError));

  test("gives back the numbers that it was made of", () => {
    const pre = fc.constantFrom("", "-rc.0", "-beta.2", "-alpha.10");
    const distribution = fc.constantFrom("", "+k3s1", "+rke2r2", "-gke.100");
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 60 }), fc.nat(99), pre, distribution, (minor, patch, rc, build) => {
        const read = parseKubernetesVersion(`v1.${minor}.${patch}${rc}${build}`);
        expect(read).toMatchObject({ minor, patch, tag: `v1.${minor}.${patch}${rc}`, distribution: build });
      }),
    );
  });
});
