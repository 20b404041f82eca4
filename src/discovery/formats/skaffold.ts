/** Skaffold's configuration, whose artifacts are built, not pulled. Source: Skaffold's reference, skaffold/v4beta13. */
import type { DocumentFile, DocumentFormat } from "../files/document-format.ts";
import type { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, stringAt, textAt, valueAt } from "../found/located-value.ts";
import { chartByAddress, isBeside, listImage, missingChart } from "./listed-image.ts";

export const skaffold: DocumentFormat = {
  tool: "Skaffold",
  mark: /apiVersion["']?\s*:\s*["']?skaffold\//,
  recognizes: (document) => (stringAt(document, "apiVersion") ?? "").startsWith("skaffold/"),
  read(document, file, findings) {
    const profiles = [document, ...itemsAt(document, "profiles")];
    const artifacts = profiles.flatMap((part) => itemsAt(part, "build", "artifacts"));
    const outputs = new Set(artifacts.flatMap((artifact) => stringAt(artifact, "image") ?? []));
    for (const artifact of artifacts) readBuilder(artifact, findings);
    for (const part of profiles) {
      readContainers(part, outputs, findings);
      for (const key of ["deploy", "manifests"]) {
        for (const release of itemsAt(part, key, "helm", "releases")) readRelease(release, file, findings);
      }
    }
  },
};

/** What builders start from. */
function readBuilder(artifact: Located, findings: Findings): void {
  listImage(valueAt(artifact, "buildpacks", "builder"), findings);
  listImage(valueAt(artifact, "buildpacks", "runImage"), findings);
  listImage(valueAt(artifact, "ko", "fromImage"), findings);
  listImage(valueAt(artifact, "jib", "fromImage"), findings);
  listImage(valueAt(artifact, "kaniko", "image"), findings);
}

/** Containers that tests and actions run; those of the artifacts are built before. */
function readContainers(part: Located, outputs: ReadonlySet<string>, findings: Findings): void {
  const tests = itemsAt(part, "verify").map((item) => valueAt(item, "container"));
  const actions = itemsAt(part, "customActions").flatMap((action) => itemsAt(action, "containers"));
  for (const container of [...tests, ...actions]) {
    const image = valueAt(container, "image");
    if (image?.type === "scalar" && !outputs.has(image.text)) listImage(image, findings);
  }
}

function readRelease(release: Located, file: DocumentFile, findings: Findings): void {
  const version = textAt(release, "version");
  const remote = stringAt(release, "remoteChart");
  const path = stringAt(release, "chartPath");
  const repository = stringAt(release, "repo");
  if (remote?.startsWith("oci://")) missingChart(release, chartByAddress(remote, version), findings);
  else if (remote !== null && repository !== null)
    missingChart(release, { repository, name: remote, version }, findings);
  else if (remote !== null) findings.missing(release, `the chart ${remote}${version === null ? "" : ` ${version}`}`);
  else if (path !== null && !isBeside(file, path)) findings.missing(release, `the chart ${path}`);
}
