import { LOCAL, type Namespace } from "../../oci/repository-name.ts";
import { OTHER } from "../../telemetry/metrics/labelled.ts";

/**
 * Gives the value of a metric's label `namespace`. Registries that larder does not stand in for share one value, since
 * clients may name any number of them.
 */
export type NamespaceLabel = (namespace: Namespace | null) => string;

/**
 * Makes the labels of namespaces: those that larder stands in for, and `local`, by their names; `none` for null;
 * `other` for the rest.
 */
export function namespaceLabel(isStoodInFor: (namespace: Namespace) => boolean): NamespaceLabel {
  return (namespace) => {
    if (namespace === null) return "none";
    return namespace === LOCAL || isStoodInFor(namespace) ? namespace : OTHER;
  };
}
