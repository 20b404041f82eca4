/** The objects that Helm gives to templates beside the values. Source: Helm v3.22 and v4.3, "Built-in Objects". */
import { toText } from "../../lib/go-template/cast-value.ts";
import { type TemplateMap, TemplateObject, type TemplateValue } from "../../lib/go-template/template-value.ts";
import { type Chart, mapOf } from "./chart.ts";
import type { HelmMajor } from "./helm-rules.ts";

/** The Kubernetes that charts are rendered for: the one that today's Helm knows. */
export const KUBERNETES_VERSION = "v1.37.0";
/** What Helm believes every cluster to serve, without custom resources. Source: k8s.io/client-go v0.37. */
const API_VERSIONS =
  `v1 admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1alpha1 admissionregistration.k8s.io/v1beta1
  internal.apiserver.k8s.io/v1alpha1 apps/v1 apps/v1beta1 apps/v1beta2 authentication.k8s.io/v1
  authentication.k8s.io/v1alpha1 authentication.k8s.io/v1beta1 authorization.k8s.io/v1 authorization.k8s.io/v1beta1
  autoscaling/v1 autoscaling/v2 batch/v1 batch/v1beta1 certificates.k8s.io/v1 certificates.k8s.io/v1beta1
  certificates.k8s.io/v1alpha1 coordination.k8s.io/v1alpha2 coordination.k8s.io/v1beta1 coordination.k8s.io/v1
  discovery.k8s.io/v1 discovery.k8s.io/v1beta1 events.k8s.io/v1 events.k8s.io/v1beta1 extensions/v1beta1
  flowcontrol.apiserver.k8s.io/v1 flowcontrol.apiserver.k8s.io/v1beta1 flowcontrol.apiserver.k8s.io/v1beta2
  flowcontrol.apiserver.k8s.io/v1beta3 lifecycle.k8s.io/v1alpha1 networking.k8s.io/v1 networking.k8s.io/v1beta1
  node.k8s.io/v1 node.k8s.io/v1alpha1 node.k8s.io/v1beta1 policy/v1 policy/v1beta1 rbac.authorization.k8s.io/v1
  rbac.authorization.k8s.io/v1beta1 rbac.authorization.k8s.io/v1alpha1 resource.k8s.io/v1 resource.k8s.io/v1beta2
  resource.k8s.io/v1beta1 resource.k8s.io/v1alpha3 scheduling.k8s.io/v1alpha3 scheduling.k8s.io/v1beta1
  scheduling.k8s.io/v1 storage.k8s.io/v1beta1 storage.k8s.io/v1 storage.k8s.io/v1alpha1 storagemigration.k8s.io/v1
  storagemigration.k8s.io/v1beta1 apiextensions.k8s.io/v1beta1 apiextensions.k8s.io/v1`.split(/\s+/);
const HELM_VERSIONS: Readonly<Record<HelmMajor, string>> = { 3: "v3.22.0", 4: "v4.3.1" };

/** `.Release` of a first installation, with the names that `helm template` gives. */
export function releaseObject(): TemplateMap {
  return new Map<string, TemplateValue>([
    ["Name", "release-name"],
    ["Namespace", "default"],
    ["Service", "Helm"],
    ["IsInstall", true],
    ["IsUpgrade", false],
    ["Revision", 1n],
  ]);
}

const TEXT_FIELDS = [
  "name",
  "home",
  "version",
  "description",
  "icon",
  "apiVersion",
  "condition",
  "tags",
  "appVersion",
  "kubeVersion",
  "type",
];
const LIST_FIELDS = ["sources", "keywords", "maintainers", "dependencies"];

/** `.Chart`: the fields of Chart.yaml, their names beginning with capitals, empty where they are left out. */
export function chartObject(chart: Chart): TemplateMap {
  const object: TemplateMap = new Map();
  // Helm reads versions as text, whether they are quoted or not.
  for (const key of TEXT_FIELDS)
    object.set(fieldName(key), chart.metadata.has(key) ? fieldText(chart.metadata.get(key)) : "");
  for (const key of LIST_FIELDS) {
    const items = chart.metadata.get(key);
    object.set(fieldName(key), Array.isArray(items) ? items.map(capitalised) : []);
  }
  const on = chart.dependencies.map(
    ({ name }) =>
      new Map<string, TemplateValue>([
        ["Name", name],
        ["Enabled", true],
      ]),
  );
  if (on.length > 0) object.set("Dependencies", on);
  const annotations = new Map(
    [...mapOf(chart.metadata.get("annotations"))].map(([key, value]) => [key, toText(value)]),
  );
  return object
    .set("Annotations", new TemplateObject("map[string]string", new Map(), annotations))
    .set("Deprecated", chart.metadata.get("deprecated") === true)
    .set("Name", chart.name)
    .set("IsRoot", chart.parent === null);
}

/** Whole numbers are written out here (a date for a version), where those of the values are floats. */
function fieldText(value: TemplateValue | undefined): string {
  return Number.isInteger(value) ? BigInt(value as number).toString() : toText(value);
}

function fieldName(key: string): string {
  return key === "apiVersion" ? "APIVersion" : key.slice(0, 1).toUpperCase() + key.slice(1);
}

function capitalised(value: TemplateValue): TemplateValue {
  return value instanceof Map
    ? new Map([...value].map(([key, item]) => [key === "url" ? "URL" : fieldName(key), item]))
    : value;
}

/** `.Capabilities`. */
export function capabilities(helm: HelmMajor): TemplateMap {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(KUBERNETES_VERSION) ?? [];
  const kubeVersion: [string, TemplateValue][] = [
    ["Major", major],
    ["Minor", minor],
    ["Version", KUBERNETES_VERSION],
    ["GitVersion", KUBERNETES_VERSION],
    ["String", KUBERNETES_VERSION],
  ];
  const has: TemplateValue = ([version]) => API_VERSIONS.includes(toText(version));
  return new Map<string, TemplateValue>([
    ["KubeVersion", new TemplateObject("*common.KubeVersion", new Map(kubeVersion), KUBERNETES_VERSION)],
    ["APIVersions", new TemplateObject("common.VersionSet", new Map([["Has", has]]), [...API_VERSIONS])],
    [
      "HelmVersion",
      new Map([
        ["Version", HELM_VERSIONS[helm]],
        ["GitCommit", ""],
        ["GitTreeState", ""],
        ["GoVersion", "go1.26"],
      ]),
    ],
  ]);
}
