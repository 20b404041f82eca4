/** Development containers. Source: the Development Container specification (2025): devcontainer.json, features. */
import { dirname, join } from "node:path";
import { compose } from "../compose/compose-format.ts";
import type { Findings } from "../found/found-image.ts";
import { type LocatedMap, scalarFor, stringAt, stringsAt, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFile } from "../files/document-format.ts";
import { readText } from "../files/read-text.ts";
import type { TextFormat } from "../files/text-format.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";

export const devcontainer: TextFormat = {
  tool: "Development Containers",
  isNamedSo: (name) => /^\.?devcontainer\.json$/.test(name),
  // Under another name, by a key that nothing else has.
  recognizes: (text, { name }) =>
    /^\s*[{/]/.test(text) && (devcontainer.isNamedSo(name) || (OWN_KEY.test(text) && !/"apiVersion"\s*:/.test(text))),
  async read(text, file, findings, signal) {
    const [document] = readDocuments(withoutComments(text), linesOf(file.path), findings);
    if (document?.type === "map") await readContainer(document, file, findings, signal);
  },
};

const OWN_KEY =
  /^\s*"(?:dockerComposeFile|remoteUser|containerUser|forwardPorts|workspaceFolder|workspaceMount|onCreateCommand|postCreateCommand|postStartCommand|updateContentCommand|containerEnv|remoteEnv|features|customizations)"\s*:/m;

async function readContainer(document: LocatedMap, file: DocumentFile, findings: Findings, signal: AbortSignal) {
  const image = valueAt(document, "image");
  if (image?.type === "scalar" && image.text !== "") {
    // `${localEnv:NAME:default}` is the only variable that an image may hold.
    const text = image.text.replace(/\$\{localEnv:\w+:([^}]*)\}/g, "$1");
    if (!findings.image(image, text, "field", "devcontainer")) {
      findings.error(image, `the image ${JSON.stringify(image.text.slice(0, 200))} is not a valid reference`);
    }
  }
  const features = valueAt(document, "features");
  for (const [name] of features?.type === "map" ? features.entries : []) {
    // Others lie beside the file, at an address, or are of a kind that is gone.
    const value = features?.type === "map" ? (features.entries.get(name) ?? features) : document;
    if (/^[\w.-]+(?::\d+)?(?:\/[\w.-]+){2,}/.test(name)) findings.image(value, name, "field", "devcontainer");
  }
  readBuild(document, file, findings);
  const one = textAt(document, "dockerComposeFile");
  const files = one === null ? stringsAt(document, "dockerComposeFile").map(({ text }) => text) : [one];
  for (const name of files) await readCompose(document, join(dirname(file.path), name), findings, signal);
}

function readBuild(document: LocatedMap, file: DocumentFile, findings: Findings): void {
  const name = stringAt(document, "build", "dockerfile") ?? stringAt(document, "dockerFile");
  if (name === null) return;
  const args = new Map<string, string>();
  const given = valueAt(document, "build", "args");
  for (const [key, value] of given?.type === "map" ? given.entries : []) {
    if (value.type === "scalar" && !value.text.includes("${")) args.set(key, scalarFor(value, value.text).text);
  }
  const place = valueAt(document, "build") ?? document;
  const dockerfile = { path: join(dirname(file.path), name) };
  findings.build({ file: place.file, line: place.line, dockerfile, args, contexts: new Map() });
}

async function readCompose(document: LocatedMap, path: string, findings: Findings, signal: AbortSignal): Promise<void> {
  const { text } = await readText(path, signal);
  if (text === null) return findings.missing(document, `the Compose file ${path}`);
  const file = { path, name: path.slice(path.lastIndexOf("/") + 1), askedFor: false };
  for (const services of readDocuments(text, linesOf(path), findings)) {
    if (services.type === "map" && compose.recognizes(services, file))
      await compose.read(services, file, findings, signal);
  }
}

/** The JSON without its comments; no line moves. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) => {
    return part.startsWith('"') ? part : part.replace(/[^\n]/g, " ");
  });
}
