/** File-based catalogs of the Operator Lifecycle Manager. Source: OLM's documentation, olm.package, olm.channel, olm.bundle. */
import type { DocumentFormat } from "../files/document-format.ts";
import { itemsAt, stringAt, valueAt } from "../found/located-value.ts";
import { listImage } from "./listed-image.ts";

export const operatorCatalog: DocumentFormat = {
  tool: "OLM",
  mark: /schema["']?\s*:\s*["']?olm\./,
  recognizes: (document) => (stringAt(document, "schema") ?? "").startsWith("olm."),
  read(document, _file, findings) {
    listImage(valueAt(document, "image"), findings);
    for (const image of itemsAt(document, "relatedImages")) listImage(valueAt(image, "image"), findings);
  },
};
