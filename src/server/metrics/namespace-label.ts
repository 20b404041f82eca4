import { LOCAL, type Namespace } from "../../oci/repository-name.ts";
import { OTHER } from "../../telemetry/metrics/labelled.ts";

/** The value of a label for a registry that larder does not stand in for: there is no end to the names that clients say. */
export type NamespaceLabel = (namespace: Namespace | null) => string;

/** The label of namespaces: those that are stood in for and `local` by their names; `none` for null. */
export function namespaceLabel(isStoodInFor: (namespace: Namespace) => boolean): NamespaceLabel {
  return (namespace) => {
    if (namespace === null) return "none";
    return namespace === LOCAL || isStoodInFor(namespace) ? namespace : OTHER;
  };
}
