/**
 * Component descriptors, which say what a release is made of. Source: the Open Component Model's specification: v2
 * (`component`), ocm.software/v3alpha1 (`spec`); Gardener's descriptors are of the first kind.
 */
import type { DocumentFormat } from "../files/document-format.ts";
import { itemsAt, type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import { listImage } from "./listed-image.ts";

export const componentDescriptor: DocumentFormat = {
  tool: "OCM component descriptors",
  mark: /imageReference|componentReferences|ocm\.software/,
  recognizes: (document) => contents(document).some((part) => valueAt(part, "resources")?.type === "list"),
  read(document, _file, findings) {
    for (const part of contents(document)) {
      for (const resource of itemsAt(part, "resources"))
        listImage(valueAt(resource, "access", "imageReference"), findings);
      for (const key of ["componentReferences", "references"]) {
        for (const reference of itemsAt(part, key)) {
          const name = stringAt(reference, "componentName");
          if (name !== null)
            findings.missing(reference, `the component ${name} ${textAt(reference, "version") ?? ""}`.trim());
        }
      }
    }
  },
};

/** The components of a descriptor, of a constructor's list or of `resources.yaml`. */
function contents(document: LocatedMap): Located[] {
  const isVersion = (stringAt(document, "apiVersion") ?? "").startsWith("ocm.software/");
  const single = [valueAt(document, "component"), isVersion ? valueAt(document, "spec") : null];
  const listed = itemsAt(document, "components").filter((part) => stringAt(part, "name")?.includes("/"));
  const isList = itemsAt(document, "resources").some((item) => valueAt(item, "access", "imageReference") !== null);
  return [...single.filter((part) => part !== null), ...listed, ...(isList ? [document] : [])];
}
