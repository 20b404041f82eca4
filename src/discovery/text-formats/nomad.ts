/** Nomad's jobs. Source: Nomad's job specification (1.10): task, config of the docker and podman drivers, variables, locals. */
import { evaluateHcl, hclText } from "../../lib/hcl/evaluate-hcl.ts";
import { type HclBody, HclError, type HclExpression } from "../../lib/hcl/hcl-syntax.ts";
import { parseHcl, parseHclTemplate } from "../../lib/hcl/parse-hcl.ts";
import type { Findings } from "../found/found-image.ts";
import { LackingNames } from "../found/lacking-names.ts";
import type { Place } from "../found/place.ts";
import { type Located, stringAt, valueAt } from "../found/located-value.ts";
import type { DocumentFile } from "../files/document-format.ts";
import type { TextFormat } from "../files/text-format.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";
import { HclVariables, variableDefaults } from "./hcl-variables.ts";

/** Drivers that run programs of the machine. */
const WITHOUT_IMAGES = /^(?:exec|exec2|raw_exec|java|qemu|mock_driver)$/;

export const nomad: TextFormat = {
  tool: "Nomad",
  isNamedSo: (name) => /\.(?:nomad|hcl|nomad\.(?:hcl|json)|hcl\.json)$/i.test(name),
  recognizes: (text) =>
    /^\s*job\s+"?[^"\n]*"?\s*\{/m.test(text) || /^\s*\{\s*"(?:Job|job)"\s*:\s*\{|^\s*\{[^]*"TaskGroups"\s*:/.test(text),
  read(text, file, findings) {
    const lacks = new LackingNames();
    if (/^\s*\{/.test(text)) {
      for (const document of readDocuments(text, linesOf(file.path), findings))
        readJson(document, null, lacks, findings, 0);
    } else readHcl(text, file, lacks, findings);
    lacks.report((names) => `depends on ${names}, which has no value here`, findings);
  },
};

function readHcl(text: string, file: DocumentFile, lacks: LackingNames, findings: Findings): void {
  try {
    const body = parseHcl(text);
    const locals = body.blocks.filter(({ type }) => type === "locals").flatMap((block) => [...block.body.attributes]);
    const objects = new Map<string, ReadonlyMap<string, HclExpression>>([
      ["var", variableDefaults(body)],
      ["local", new Map(locals.map(([name, { value }]) => [name, value]))],
    ]);
    readBody(body, null, (expression, line) => {
      const scope = new HclVariables(new Map(), new Map(), objects);
      const place = { file: file.path, line };
      addImage(evaluatedText(expression, scope), expression, [...scope.missing], place, lacks, findings);
    });
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    findings.error({ file: file.path, line: error.line }, `the file is no HCL: ${error.message}`);
  }
}

/** Calls back with the image of each task's `config`. */
function readBody(body: HclBody, driver: string | null, found: (image: HclExpression, line: number) => void): void {
  for (const block of body.blocks) {
    const own = block.body.attributes.get("driver")?.value;
    const inner = own?.type === "literal" ? String(own.value) : block.type === "sidecar_task" ? "docker" : driver;
    const image = block.type === "config" ? block.body.attributes.get("image") : undefined;
    if (image !== undefined && !WITHOUT_IMAGES.test(driver ?? "")) found(image.value, image.line);
    readBody(block.body, inner, found);
  }
}

/** The form of the API, and HCL written as JSON. */
function readJson(value: Located, driver: string | null, lacks: LackingNames, findings: Findings, depth: number): void {
  if (depth > 60 || value.type === "scalar") return;
  if (value.type === "list") for (const item of value.items) readJson(item, driver, lacks, findings, depth + 1);
  else {
    const own = stringAt(value, "Driver") ?? stringAt(value, "driver") ?? driver;
    for (const [key, item] of value.entries) {
      const image = /^config$/i.test(key) ? valueAt(item, "image") : null;
      if (image?.type === "scalar" && !WITHOUT_IMAGES.test(own ?? "")) {
        const scope = new HclVariables(new Map(), new Map(), new Map());
        const expression = parseHclTemplate(image.text);
        addImage(evaluatedText(expression, scope), expression, [...scope.missing], image, lacks, findings);
      }
      readJson(item, own, lacks, findings, depth + 1);
    }
  }
}

function evaluatedText(expression: HclExpression, scope: HclVariables): string | null {
  return hclText(evaluateHcl(expression, scope));
}

function addImage(
  text: string | null,
  expression: HclExpression,
  missing: readonly string[],
  place: Place,
  lacks: LackingNames,
  findings: Findings,
): void {
  if (text === null) lacks.add(missing.length === 0 ? ["an expression"] : missing, place, written(expression), false);
  else if (!findings.image(place, text, "field", "nomad")) {
    findings.error(place, `the image ${JSON.stringify(text.slice(0, 200))} is not a valid reference`);
  }
}

/** So much of an expression as can be shown. */
function written(expression: HclExpression): string {
  if (expression.type === "literal") return String(expression.value);
  if (expression.type === "template") return expression.parts.map(written).join("");
  if (expression.type === "name") return `\${${expression.name}}`;
  if (expression.type === "attribute")
    return `\${${written(expression.of).replace(/^\$\{|\}$/g, "")}.${expression.name}}`;
  return "${…}";
}
