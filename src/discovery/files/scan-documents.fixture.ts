import { basename } from "node:path";
import { Findings } from "../found/found-image.ts";
import type { DocumentFormat } from "./document-format.ts";
import { linesOf, readDocuments } from "./yaml-documents.ts";

/** What a format finds in the documents of a text that it recognizes, a line for each. */
export async function scanDocuments(format: DocumentFormat, text: string, path = "file.yaml") {
  const findings = new Findings();
  const file = { path, name: basename(path), askedFor: false };
  let recognized = 0;
  for (const document of readDocuments(text, linesOf(path), findings)) {
    if (document.type !== "map" || !format.mark.test(text) || !format.recognizes(document, file)) continue;
    recognized++;
    await format.read(document, file, findings, new AbortController().signal);
  }
  return {
    recognized,
    images: findings.images.map(({ written, kind, line, platform }) => {
      return [written, line, ...(kind === "guess" ? ["guess"] : []), ...(platform === null ? [] : [platform])].join(
        " ",
      );
    }),
    problems: findings.problems.map(({ severity, line, message }) => `${severity} ${line} ${message}`),
    elsewhere: findings.elsewhere.map(({ line, what }) => `${line} ${what}`),
    findings,
  };
}
