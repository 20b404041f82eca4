/**
 * Dockerfiles: the images that a build pulls.
 *
 * Source: the Dockerfile reference (BuildKit's frontend 1.x): FROM, ARG before FROM, COPY --from, RUN --mount=from,
 * parser directives, here-documents.
 */
import type { Findings } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import { substituteVariables } from "./variable-substitution.ts";
import type { LineOrigin } from "./yaml-documents.ts";

type Instruction = { readonly name: string; readonly words: readonly string[]; readonly line: number };

/** Adds the images of a Dockerfile: its bases, what it copies from, and (a guess) the frontend that `# syntax=` names. */
export function scanDockerfile(text: string, origin: LineOrigin, findings: Findings): void {
  const syntax = /^\s*#\s*syntax\s*=\s*(\S+)/i.exec(text.split("\n", 1)[0] ?? "")?.[1];
  if (syntax !== undefined) findings.image(origin(1), syntax, "guess", "dockerfile");
  const build = { args: new Map<string, string>(), stages: new Set<string>(), count: 0 };
  for (const { name, words, line } of instructionsOf(text)) {
    const place = origin(line);
    if (name === "ARG" && build.count === 0) {
      for (const word of words) declare(word, build.args);
    } else if (name === "FROM") {
      const operands = words.filter((word) => !word.startsWith("--"));
      report(operands[0] ?? "", place, build, findings);
      build.count++;
      if (/^as$/i.test(operands[1] ?? "") && operands[2] !== undefined) build.stages.add(operands[2].toLowerCase());
    } else {
      for (const image of sourcesOf(name, words)) report(image, place, build, findings);
    }
  }
}

type Build = {
  readonly args: ReadonlyMap<string, string>;
  readonly stages: ReadonlySet<string>;
  readonly count: number;
};

function report(written: string, place: Place, build: Build, findings: Findings): void {
  const { text, missing } = substituteVariables(written, build.args);
  const image = text.replace(/^(["'])(.*)\1$/, "$2");
  if (missing.length > 0) {
    findings.error(
      place,
      `the image ${JSON.stringify(written)} depends on the build argument ${missing.join(", ")}, which has no default`,
    );
  } else if (
    image !== "scratch" &&
    image !== "context" &&
    !build.stages.has(image.toLowerCase()) &&
    !/^\d+$/.test(image)
  ) {
    if (findings.image(place, image, "field", "dockerfile")) return;
    findings.error(place, `the image ${JSON.stringify(image)} is not a valid reference`);
  }
}

function declare(word: string, args: Map<string, string>): void {
  const equals = word.indexOf("=");
  if (equals < 0) return;
  const value = word.slice(equals + 1).replace(/^(["'])(.*)\1$/, "$2");
  args.set(word.slice(0, equals), substituteVariables(value, args).text);
}

function sourcesOf(name: string, words: readonly string[]): string[] {
  const flags = words.filter((word) => word.startsWith("--"));
  if (name === "COPY" || name === "ADD") return flags.flatMap((flag) => /^--from=(.+)$/.exec(flag)?.[1] ?? []);
  if (name !== "RUN") return [];
  return flags.flatMap((flag) => /^--mount=(?:.*,)?from=([^,]+)/.exec(flag)?.[1] ?? []);
}

/** The instructions, continued lines joined, comments and the bodies of here-documents left out. */
function instructionsOf(text: string): Instruction[] {
  const escape = /^\s*#\s*escape\s*=\s*`/im.test(text.split("\n", 4).join("\n")) ? "`" : "\\";
  const instructions: Instruction[] = [];
  let pending: { text: string; line: number } | null = null;
  const hereDocuments: string[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trimEnd();
    if (hereDocuments.length > 0) {
      if (line.trimStart() === hereDocuments[0]) hereDocuments.shift();
      continue;
    }
    if (/^\s*(?:#|$)/.test(line)) continue;
    const continues = line.endsWith(escape);
    const part = continues ? line.slice(0, -1) : line;
    pending =
      pending === null ? { text: part, line: index + 1 } : { text: `${pending.text} ${part}`, line: pending.line };
    if (continues) continue;
    const [name = "", ...words] = pending.text.trim().split(/\s+/);
    instructions.push({ name: name.toUpperCase(), words, line: pending.line });
    if (/^(?:RUN|COPY|ADD)$/i.test(name)) {
      for (const mark of pending.text.matchAll(/<<-?(["']?)(\w+)\1/g)) hereDocuments.push(mark[2] ?? "");
    }
    pending = null;
  }
  return instructions;
}
