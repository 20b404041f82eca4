/** What regsync copies. Source: regclient's documentation of regsync, version 1 of the file. */
import { formatReference } from "../../oci/reference.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { type Findings, tryReference } from "../found/found-image.ts";
import { isTemplated } from "../found/image-text.ts";
import { itemsAt, type Located, stringAt, stringsAt, valueAt } from "../found/located-value.ts";
import { listImage } from "./listed-image.ts";

export const regsync: DocumentFormat = {
  tool: "regsync",
  mark: /^["']?sync["']?\s*:/m,
  recognizes: (document) =>
    itemsAt(document, "sync").some((step) => stringAt(step, "source") !== null && stringAt(step, "type") !== null),
  read(document, _file, findings) {
    for (const step of itemsAt(document, "sync")) {
      readStep(step, stringAt(step, "platform") ?? stringAt(document, "defaults", "platform"), findings);
    }
  },
};

function readStep(step: Located, platform: string | null, findings: Findings): void {
  const source = valueAt(step, "source");
  // A layout on the disk is no registry.
  if (source?.type !== "scalar" || source.text.startsWith("ocidir://")) return;
  const type = stringAt(step, "type");
  if (type === "image") return listImage(source, findings, platform);
  if (isTemplated(source.text)) return listImage(source, findings);
  if (type === "registry")
    return findings.missing(source, `the list of repositories of ${source.text}, all of which are meant,`);
  const allowed = [...stringsAt(valueAt(step, "tags"), "allow"), ...stringsAt(valueAt(step, "tags"), "semverRange")];
  const reference = tryReference(source.text);
  const name = reference === null ? source.text : formatReference({ ...reference, tag: null, digest: null });
  const texts = allowed.map(({ text }) => text).join(" or ");
  const which = texts === "" ? "all of which are meant" : `of which those are meant that match ${texts}`;
  findings.missing(source, `the list of tags of ${name}, ${which},`);
}
