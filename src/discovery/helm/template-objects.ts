/** The objects that Helm gives to templates beside the values. Source: Helm v3.18, "Built-in Objects". */
import { type TemplateMap, type TemplateValue, toText } from "../../lib/go-template/template-value.ts";
import type { Chart } from "./chart.ts";
import type { ChartFiles } from "./chart-files.ts";

/** The Kubernetes that charts are rendered for. */
export const KUBERNETES_VERSION = "v1.36.0";
/** What that Kubernetes serves, without custom resources. */
const API_VERSIONS = [
  "v1",
  "admissionregistration.k8s.io/v1",
  "apiextensions.k8s.io/v1",
  "apiregistration.k8s.io/v1",
  "apps/v1",
  "authentication.k8s.io/v1",
  "authorization.k8s.io/v1",
  "autoscaling/v1",
  "autoscaling/v2",
  "batch/v1",
  "certificates.k8s.io/v1",
  "coordination.k8s.io/v1",
  "discovery.k8s.io/v1",
  "events.k8s.io/v1",
  "flowcontrol.apiserver.k8s.io/v1",
  "networking.k8s.io/v1",
  "node.k8s.io/v1",
  "policy/v1",
  "rbac.authorization.k8s.io/v1",
  "scheduling.k8s.io/v1",
  "storage.k8s.io/v1",
];

/** `.Release` of a first installation, with the names that `helm template` gives. */
export function releaseObject(): TemplateMap {
  return new Map<string, TemplateValue>([
    ["Name", "release-name"],
    ["Namespace", "default"],
    ["Service", "Helm"],
    ["IsInstall", true],
    ["IsUpgrade", false],
    ["Revision", 1],
  ]);
}

/** `.Chart`: the fields of Chart.yaml, their names beginning with capitals. */
export function chartObject(chart: Chart, isRoot: boolean): TemplateMap {
  const object: TemplateMap = new Map();
  for (const [key, value] of chart.metadata) {
    const name = key === "apiVersion" ? "APIVersion" : key.slice(0, 1).toUpperCase() + key.slice(1);
    // Helm reads versions as strings, whether they are quoted or not.
    object.set(name, typeof value === "number" ? toText(value) : value);
  }
  return object.set("Name", chart.name).set("IsRoot", isRoot);
}

/** `.Capabilities`. */
export function capabilities(): TemplateMap {
  const kubeVersion = new Map<string, TemplateValue>([
    ["Major", "1"],
    ["Minor", "36"],
    ["Version", KUBERNETES_VERSION],
    ["GitVersion", KUBERNETES_VERSION],
    ["String", KUBERNETES_VERSION],
  ]);
  const apiVersions = new Map<string, TemplateValue>([
    [
      "Has",
      ([version]) => API_VERSIONS.some((known) => toText(version) === known || toText(version).startsWith(`${known}/`)),
    ],
  ]);
  return new Map<string, TemplateValue>([
    ["KubeVersion", kubeVersion],
    ["APIVersions", apiVersions],
    ["HelmVersion", new Map([["Version", "v3.18.6"]])],
  ]);
}

/** `.Files`: what lies in the chart outside of `templates/` and `charts/`. */
export function chartFilesObject(files: ChartFiles): TemplateMap {
  const kept = new Map([...files].filter(([path]) => !/^(?:templates|charts)\//.test(path)));
  return fileMethods(kept).set("Glob", ([pattern]) => {
    const glob = new Bun.Glob(toText(pattern));
    const found = new Map([...kept].filter(([path]) => glob.match(path)));
    // What `Glob` gives is gone through by `range`, which passes methods over.
    return new Map<string, TemplateValue>([...found, ...fileMethods(found)]);
  });
}

function fileMethods(files: ChartFiles): TemplateMap {
  const encoded = (encode: (text: string) => string) => () =>
    [...files]
      .map(([path, text]) => `${JSON.stringify(path.split("/").at(-1))}: ${JSON.stringify(encode(text))}`)
      .join("\n");
  return new Map<string, TemplateValue>([
    ["Get", ([path]) => files.get(toText(path)) ?? ""],
    ["GetBytes", ([path]) => files.get(toText(path)) ?? ""],
    ["Lines", ([path]) => (files.get(toText(path)) ?? "").split("\n")],
    ["AsConfig", encoded((text) => text)],
    ["AsSecrets", encoded((text) => Buffer.from(text).toString("base64"))],
  ]);
}
