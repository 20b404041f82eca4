/** The images of what is commonly installed with Kubernetes, by version, newest first. From the projects' own manifests. */

/** An add-on at one version. */
export type AddOnRelease = { readonly version: string; readonly images: readonly string[] };

const calico = (registry: string, names: readonly string[], version: string) =>
  names.map((name) => `${registry}/calico/${name}:v${version}`);

const CALICO_MANIFEST = ["node", "cni", "kube-controllers", "typha"];
const CALICO_OPERATOR = [
  ...CALICO_MANIFEST,
  "apiserver",
  "csi",
  "node-driver-registrar",
  "pod2daemon-flexvol",
  "goldmane",
  "whisker",
  "whisker-backend",
];
const METALLB = ["quay.io/metallb/controller:v0.16.1", "quay.io/metallb/speaker:v0.16.1"];

/** The add-ons by name. */
export const ADD_ONS: ReadonlyMap<string, readonly AddOnRelease[]> = new Map([
  [
    "flannel",
    [
      {
        version: "0.28.9",
        images: ["ghcr.io/flannel-io/flannel:v0.28.9", "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3"],
      },
      {
        version: "0.27.4",
        images: ["ghcr.io/flannel-io/flannel:v0.27.4", "ghcr.io/flannel-io/flannel-cni-plugin:v1.8.0-flannel1"],
      },
    ],
  ],
  ["calico", [{ version: "3.32.1", images: calico("quay.io", CALICO_MANIFEST, "3.32.1") }]],
  [
    "calico-operator",
    [
      {
        version: "3.32.1",
        images: ["quay.io/tigera/operator:v1.42.3", ...calico("quay.io", CALICO_OPERATOR, "3.32.1")],
      },
    ],
  ],
  [
    "cilium",
    [
      {
        version: "1.20.0",
        images: [
          "quay.io/cilium/cilium:v1.20.0",
          "quay.io/cilium/operator-generic:v1.20.0",
          "quay.io/cilium/cilium-envoy:v1.37.5-1782911245-7cffc778c923f68a77954a53b1a98d6b5353f004",
        ],
      },
    ],
  ],
  [
    "weave",
    [{ version: "2.8.1", images: ["docker.io/weaveworks/weave-kube:2.8.1", "docker.io/weaveworks/weave-npc:2.8.1"] }],
  ],
  // Its manifests name no tag.
  ["kube-router", [{ version: "2.11.1", images: ["docker.io/cloudnativelabs/kube-router"] }]],
  ["metallb", [{ version: "0.16.1", images: METALLB }]],
  ["metallb-frr", [{ version: "0.16.1", images: [...METALLB, "quay.io/frrouting/frr:10.5.3"] }]],
  [
    "ingress-nginx",
    [
      {
        version: "1.15.1",
        images: [
          "registry.k8s.io/ingress-nginx/controller:v1.15.1",
          "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6.9",
        ],
      },
    ],
  ],
  ["metrics-server", [{ version: "0.9.0", images: ["registry.k8s.io/metrics-server/metrics-server:v0.9.0"] }]],
  [
    "local-path-provisioner",
    [{ version: "0.0.37", images: ["docker.io/rancher/local-path-provisioner:v0.0.37", "docker.io/library/busybox"] }],
  ],
]);
