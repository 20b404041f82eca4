/** Values that a release takes from ConfigMaps and Secrets. */
import type { DeclaredResources } from "../found/declared-resources.ts";
import type { Findings } from "../found/found-image.ts";
import {
  type Located,
  type LocatedMap,
  type LocatedScalar,
  scalarFor,
  stringAt,
  textAt,
  valueAt,
} from "../found/located-value.ts";
import { readDocuments } from "../files/yaml-documents.ts";

/** Values, whole (`targetPath` null) or for one path. */
type ReferredValues = { readonly targetPath: string | null; readonly values: Located };

/** The values of `valuesFrom`, in its order. What is not among the files is named, unless it is optional. */
export function referredValues(
  entries: readonly Located[],
  release: LocatedMap,
  declared: DeclaredResources,
  findings: Findings,
): ReferredValues[] {
  const namespace = stringAt(release, "metadata", "namespace");
  return entries.flatMap((entry): ReferredValues[] => {
    const [kind, name] = [textAt(entry, "kind") ?? "ConfigMap", textAt(entry, "name")];
    if (name === null) return [];
    const text = textOf(declared.find(kind, name, namespace), textAt(entry, "valuesKey") ?? "values.yaml");
    if (text === null) {
      if (textAt(entry, "optional") !== "true") findings.note(entry, `its values in the ${kind} ${name} are not here`);
      return [];
    }
    const targetPath = textAt(entry, "targetPath");
    if (targetPath !== null) return [{ targetPath, values: scalarFor(text, text.text.trim()) }];
    const values = readValuesText(text, findings);
    return values === null ? [] : [{ targetPath, values }];
  });
}

/** The values that a text holds, with its lines; null when it holds none. */
export function readValuesText(text: LocatedScalar, findings: Findings): Located | null {
  const keepsLines = text.textLine !== text.line;
  const first = text.textLine ?? 1;
  const origin = (line: number) => ({ file: text.file, line: keepsLines ? first + line - 1 : text.line });
  return readDocuments(text.text, origin, findings)[0] ?? null;
}

function textOf(resource: LocatedMap | null, key: string): LocatedScalar | null {
  const plain = valueAt(resource, stringAt(resource, "kind") === "Secret" ? "stringData" : "data", key);
  if (plain?.type === "scalar") return plain;
  const coded = stringAt(resource, "kind") === "Secret" ? valueAt(resource, "data", key) : null;
  if (coded?.type !== "scalar") return null;
  return scalarFor(coded, Buffer.from(coded.text, "base64").toString("utf8"));
}
