/** Bitbucket's pipelines. Source: Bitbucket Pipelines configuration reference: image, definitions.services, pipe. */
import { type Located, stringAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { expandExpressions, PipelineImages } from "./pipeline-images.ts";

export const bitbucketPipeline: DocumentFormat = {
  tool: "Bitbucket",
  mark: /(?:^|[\s{])pipelines\s*:/m,
  recognizes: (document, { name }) =>
    /^bitbucket-pipelines\b.*\.ya?ml$/.test(name) ||
    ["default", "branches", "pull-requests", "custom"].some((key) => valueAt(document, "pipelines", key) !== null),
  read(document, _file, findings) {
    const images = new PipelineImages(findings, (text) =>
      expandExpressions(text, /\$\{?(\w+)\}?/g, [null], () => null),
    );
    visit(document, images, 0);
    images.close();
  },
};

function visit(value: Located, images: PipelineImages, depth: number): void {
  if (depth > 30 || value.type === "scalar") return;
  if (value.type === "list") for (const item of value.items) visit(item, images, depth + 1);
  else {
    images.add(valueAt(value, "image"), "name");
    // Pipes of the marketplace name a program, and only these an image.
    if ((stringAt(value, "pipe") ?? "").startsWith("docker://")) images.add(valueAt(value, "pipe"), "name");
    for (const [key, item] of value.entries) if (key !== "image") visit(item, images, depth + 1);
  }
}
