/**
 * What `kubeadm config images list` prints, release by release. The control plane's own images bear the release's
 * version; these are the others. Compiled from the output of each release's kubeadm.
 */

/** Patch releases of a minor release that share their images: the first, then the last. */
export type ReleaseRow = {
  readonly minor: number;
  readonly patches: readonly [number, number];
  readonly registry: string;
  readonly pause: string;
  readonly etcd: string;
  /** With its path below the registry, which was `coredns` before 1.21. */
  readonly coredns: string;
};

const TABLE = `
1.20  0-15    k8s.gcr.io       3.2     3.4.13-0  coredns:1.7.0
1.21  0-14    k8s.gcr.io       3.4.1   3.4.13-0  coredns/coredns:v1.8.0
1.22  0-16    k8s.gcr.io       3.5     3.5.0-0   coredns/coredns:v1.8.4
1.22  17-17   registry.k8s.io  3.5     3.5.6-0   coredns/coredns:v1.8.4
1.23  0-13    k8s.gcr.io       3.6     3.5.1-0   coredns/coredns:v1.8.6
1.23  14-14   k8s.gcr.io       3.6     3.5.5-0   coredns/coredns:v1.8.6
1.23  15-17   registry.k8s.io  3.6     3.5.6-0   coredns/coredns:v1.8.6
1.24  0-7     k8s.gcr.io       3.7     3.5.3-0   coredns/coredns:v1.8.6
1.24  8-8     k8s.gcr.io       3.7     3.5.5-0   coredns/coredns:v1.8.6
1.24  9-17    registry.k8s.io  3.7     3.5.6-0   coredns/coredns:v1.8.6
1.25  0-3     registry.k8s.io  3.8     3.5.4-0   coredns/coredns:v1.9.3
1.25  4-4     registry.k8s.io  3.8     3.5.5-0   coredns/coredns:v1.9.3
1.25  5-14    registry.k8s.io  3.8     3.5.6-0   coredns/coredns:v1.9.3
1.25  15-16   registry.k8s.io  3.8     3.5.9-0   coredns/coredns:v1.9.3
1.26  0-9     registry.k8s.io  3.9     3.5.6-0   coredns/coredns:v1.9.3
1.26  10-12   registry.k8s.io  3.9     3.5.9-0   coredns/coredns:v1.9.3
1.26  13-15   registry.k8s.io  3.9     3.5.10-0  coredns/coredns:v1.9.3
1.27  0-6     registry.k8s.io  3.9     3.5.7-0   coredns/coredns:v1.10.1
1.27  7-9     registry.k8s.io  3.9     3.5.9-0   coredns/coredns:v1.10.1
1.27  10-11   registry.k8s.io  3.9     3.5.10-0  coredns/coredns:v1.10.1
1.27  12-16   registry.k8s.io  3.9     3.5.12-0  coredns/coredns:v1.10.1
1.28  0-5     registry.k8s.io  3.9     3.5.9-0   coredns/coredns:v1.10.1
1.28  6-7     registry.k8s.io  3.9     3.5.10-0  coredns/coredns:v1.10.1
1.28  8-13    registry.k8s.io  3.9     3.5.12-0  coredns/coredns:v1.10.1
1.28  14-15   registry.k8s.io  3.9     3.5.15-0  coredns/coredns:v1.10.1
1.29  0-2     registry.k8s.io  3.9     3.5.10-0  coredns/coredns:v1.11.1
1.29  3-8     registry.k8s.io  3.9     3.5.12-0  coredns/coredns:v1.11.1
1.29  9-10    registry.k8s.io  3.9     3.5.15-0  coredns/coredns:v1.11.1
1.29  11-15   registry.k8s.io  3.9     3.5.16-0  coredns/coredns:v1.11.1
1.30  0-4     registry.k8s.io  3.9     3.5.12-0  coredns/coredns:v1.11.1
1.30  5-14    registry.k8s.io  3.9     3.5.15-0  coredns/coredns:v1.11.3
1.31  0-0     registry.k8s.io  3.10    3.5.15-0  coredns/coredns:v1.11.1
1.31  1-13    registry.k8s.io  3.10    3.5.15-0  coredns/coredns:v1.11.3
1.31  14-14   registry.k8s.io  3.10    3.5.24-0  coredns/coredns:v1.11.3
1.32  0-9     registry.k8s.io  3.10    3.5.16-0  coredns/coredns:v1.11.3
1.32  10-13   registry.k8s.io  3.10    3.5.24-0  coredns/coredns:v1.11.3
1.33  0-5     registry.k8s.io  3.10    3.5.21-0  coredns/coredns:v1.12.0
1.33  6-13    registry.k8s.io  3.10    3.5.24-0  coredns/coredns:v1.12.0
1.34  0-1     registry.k8s.io  3.10.1  3.6.4-0   coredns/coredns:v1.12.1
1.34  2-10    registry.k8s.io  3.10.1  3.6.5-0   coredns/coredns:v1.12.1
1.35  0-7     registry.k8s.io  3.10.1  3.6.6-0   coredns/coredns:v1.13.1
1.36  0-5     registry.k8s.io  3.10.2  3.6.8-0   coredns/coredns:v1.14.2
1.37  0-1     registry.k8s.io  3.10.2  3.7.0-0   coredns/coredns:v1.14.6
`;

/** The releases, oldest first. */
export const RELEASES: readonly ReleaseRow[] = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [release = "", patches = "", registry = "", pause = "", etcd = "", coredns = ""] = line.split(/\s+/);
    const [first, last] = patches.split("-").map(Number);
    return { minor: Number(release.slice(2)), patches: [first ?? 0, last ?? 0], registry, pause, etcd, coredns };
  });
