/**
 * Dockerfiles: the images that a build pulls.
 *
 * Source: the Dockerfile reference and BuildKit v0.23 (frontend/dockerfile): FROM, ARG and ENV, COPY --from,
 * RUN --mount=from, ONBUILD, named contexts.
 */
import { tryParsePlatform } from "../../oci/platform.ts";
import { type Findings, type FoundImage, tryReference } from "../found/found-image.ts";
import { endsAsImage, LackingNames } from "../found/lacking-names.ts";
import type { Place } from "../found/place.ts";
import { isTemplated } from "../found/image-text.ts";
import { formatReference } from "../../oci/reference.ts";
import type { LineOrigin } from "../files/yaml-documents.ts";
import { type BuildOptions, BuildScope } from "./build-scope.ts";
import { type Dockerfile, type Instruction, parseDockerfile } from "./dockerfile-instructions.ts";
import { splitWords } from "./expand-word.ts";

/**
 * Adds the images of a Dockerfile: its bases and what it copies from; as guesses the frontend that `# syntax=` names, what
 * ONBUILD would pull, and names that lack an argument and are names all the same.
 */
export function scanDockerfile(text: string, origin: LineOrigin, options: BuildOptions, findings: Findings): void {
  new DockerfileScan(parseDockerfile(text), origin, options, findings).run();
}

type Stage = {
  readonly name: string | null;
  readonly scope: BuildScope;
  readonly platform: string | null;
};

class DockerfileScan {
  readonly #file: Dockerfile;
  readonly #origin: LineOrigin;
  readonly #options: BuildOptions;
  readonly #findings: Findings;
  readonly #global: BuildScope;
  readonly #stages: Stage[] = [];
  readonly #lacks = new LackingNames();
  /** COPY and RUN may name stages that come later. */
  readonly #allNames: ReadonlySet<string>;

  constructor(file: Dockerfile, origin: LineOrigin, options: BuildOptions, findings: Findings) {
    this.#file = file;
    this.#origin = origin;
    this.#options = options;
    this.#findings = findings;
    this.#global = new BuildScope(options, file.escape);
    this.#allNames = new Set(file.instructions.flatMap((one) => (one.name === "FROM" ? (stageName(one) ?? []) : [])));
  }

  run(): void {
    const { syntax, instructions } = this.#file;
    if (syntax !== null) this.#findings.image(this.#origin(syntax.line), syntax.image, "guess", "dockerfile");
    for (const instruction of instructions) this.#instruction(instruction);
    const sentence = (names: string) => `depends on the build argument ${names}, which has no default`;
    this.#lacks.report(sentence, this.#findings);
  }

  #instruction(instruction: Instruction): void {
    const { name, rest, line } = instruction;
    const stage = this.#stages.at(-1);
    if (name === "FROM") return this.#from(instruction);
    if (name === "ARG") return (stage?.scope ?? this.#global).declareArguments(rest);
    if (stage === undefined) return;
    if (name === "ENV") return stage.scope.setEnvironment(rest);
    const trigger = name === "ONBUILD" ? /^(\S+)\s+([\s\S]*)$/.exec(rest) : null;
    const [command = "", operands = ""] = trigger === null ? [name, rest] : trigger.slice(1);
    const sources = sourcesOf(command.toUpperCase(), operands, this.#file.escape);
    for (const source of sources) {
      if (this.#isStage(stage.scope.expand(source).text)) continue;
      this.#image(source, this.#origin(line), stage.scope, trigger === null ? "field" : "guess", stage.platform);
    }
  }

  #from(instruction: Instruction): void {
    const words = splitWords(instruction.rest, this.#file.escape);
    const flag = words.flatMap((word) => /^--platform=(.*)$/.exec(word)?.[1] ?? [])[0];
    const base = words.find((word) => !word.startsWith("--")) ?? "";
    const asked = flag === undefined ? "" : this.#global.expand(flag).text;
    const platform = tryParsePlatform(asked) === null ? null : asked;
    const earlier = this.#stage(this.#global.expand(base).text);
    this.#stages.push({
      name: stageName(instruction),
      scope: new BuildScope(this.#options, this.#file.escape, this.#global, earlier?.scope),
      platform: platform ?? earlier?.platform ?? null,
    });
    if (earlier === undefined) this.#image(base, this.#origin(instruction.line), this.#global, "field", platform);
  }

  #stage(name: string): Stage | undefined {
    return this.#stages.findLast((stage) => stage.name === name.toLowerCase());
  }

  /** By name, also of a stage that comes later, or by number. */
  #isStage(source: string): boolean {
    return this.#allNames.has(source.toLowerCase()) || (/^\d+$/.test(source) && Number(source) < this.#stages.length);
  }

  #image(written: string, place: Place, scope: BuildScope, kind: FoundImage["kind"], platform: string | null): void {
    const { text, missing } = scope.expand(written);
    const image = this.#inContext(text);
    if (image === null || image === "scratch" || image === "context") return;
    if (missing.length > 0) {
      // Without the argument a build takes what is left, where something is left: `${REGISTRY}nginx:1.27`.
      this.#lacks.add(missing, place, written, endsAsImage(image) && this.#add(place, image, "guess", platform));
    } else if (isTemplated(image)) {
      this.#findings.error(
        place,
        `the image ${JSON.stringify(image)} holds a placeholder that cannot be resolved here`,
      );
    } else if (!this.#add(place, image, kind, platform)) {
      this.#findings.error(place, `the image ${JSON.stringify(image)} is not a valid reference`);
    }
  }

  #add(place: Place, image: string, kind: FoundImage["kind"], platform: string | null): boolean {
    return this.#findings.image(place, image, kind, "dockerfile", platform);
  }

  /** What a named context puts in the name's place; null when that is no image. */
  #inContext(name: string): string | null {
    const contexts = this.#options.contexts;
    if (contexts === undefined || contexts.size === 0) return name;
    const meant = fullName(name);
    for (const [key, image] of contexts) if (key === name || fullName(key) === meant) return image;
    return name;
  }
}

function fullName(image: string): string {
  const reference = tryReference(image);
  return reference === null ? image : formatReference(reference);
}

function stageName({ rest }: Instruction): string | null {
  return /\sas\s+(\S+)\s*$/i.exec(rest)?.[1]?.toLowerCase() ?? null;
}

/** What COPY and RUN take from: stages and images. */
function sourcesOf(name: string, rest: string, escape: string): string[] {
  if (name !== "COPY" && name !== "ADD" && name !== "RUN") return [];
  const words = splitWords(rest, escape);
  const end = words.findIndex((word) => !word.startsWith("--"));
  const pattern = name === "RUN" ? /^--mount=["']?(?:.*,)?from=([^,"']+)/ : /^--from=(.+)$/;
  // Flags come first; what follows is the command's own.
  return words.slice(0, end < 0 ? words.length : end).flatMap((flag) => pattern.exec(flag)?.[1] ?? []);
}
