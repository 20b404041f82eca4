/** Azure Pipelines. Source: Azure Pipelines' YAML schema: resources.containers, jobs.job.container, services, variables. */
import { itemsAt, type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { expandExpressions, PipelineImages } from "./pipeline-images.ts";

export const azurePipeline: DocumentFormat = {
  tool: "Azure Pipelines",
  mark: /(?:^|[\s{])containers?\s*:/m,
  recognizes: (document, { path, name }) =>
    !document.entries.has("apiVersion") &&
    (/(?:^|\/)\.azure-pipelines\//.test(path) ||
      /^\.?azure-pipelines?\b.*\.ya?ml$/.test(name) ||
      itemsAt(document, "resources", "containers").length > 0 ||
      itemsAt(document, "jobs").some((job) => (valueAt(job, "job") ?? valueAt(job, "deployment")) !== null) ||
      itemsAt(document, "stages").some((stage) => valueAt(stage, "stage") !== null)),
  read(document, _file, findings) {
    const images = new PipelineImages(findings, (text) => {
      return expandExpressions(text, /\$\(([\w.]+)\)|\$\{\{(.*?)\}\}/g, [null], (name) => variable(document, name));
    });
    const containers = itemsAt(document, "resources", "containers");
    for (const container of containers) images.add(container, "image");
    const aliases = new Set(containers.flatMap((container) => stringAt(container, "container") ?? []));
    visit(document, aliases, images, 0);
    images.close();
  },
};

/** Jobs name a container of the resources, or an image. */
function visit(value: Located, aliases: ReadonlySet<string>, images: PipelineImages, depth: number): void {
  if (depth > 30 || value.type === "scalar") return;
  if (value.type === "list") for (const item of value.items) visit(item, aliases, images, depth + 1);
  else {
    const services = valueAt(value, "services");
    const used = [valueAt(value, "container"), ...(services?.type === "map" ? services.entries.values() : [])];
    for (const container of used) {
      if (container?.type === "scalar" && aliases.has(container.text)) continue;
      images.add(container, "image");
    }
    for (const [key, item] of value.entries) if (key !== "resources") visit(item, aliases, images, depth + 1);
  }
}

/** A variable, or a parameter's default, of the document. */
function variable(document: LocatedMap, expression: string): string | null {
  const [, , name = ""] = /^(?:(variables|parameters)\.)?([\w.]+)$/.exec(expression.trim()) ?? [];
  const variables = valueAt(document, "variables");
  const listed = [...itemsAt(document, "variables"), ...itemsAt(document, "parameters")];
  const entry = listed.find((one) => stringAt(one, "name") === name) ?? null;
  return textAt(variables, name) ?? textAt(entry, "value") ?? textAt(entry, "default");
}
