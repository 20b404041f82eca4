import { type Findings, type FoundImage } from "../found/found-image.ts";
import { LackingNames } from "../found/lacking-names.ts";
import { type Located, type LocatedScalar, valueAt } from "../found/located-value.ts";

/** A text with its expressions filled in, in as many ways as there are; `missing` are those that only a run can tell. */
export type Expansion = { readonly texts: readonly string[]; readonly missing: readonly string[] };

/** Adds the images that one pipeline's jobs run. */
export class PipelineImages {
  readonly #findings: Findings;
  readonly #expand: (text: string) => Expansion;
  readonly #lacks = new LackingNames();

  /** `expand` fills in the expressions of a text; `images` may be given another for one job. */
  constructor(findings: Findings, expand: (text: string) => Expansion = (text) => ({ texts: [text], missing: [] })) {
    this.#findings = findings;
    this.#expand = expand;
  }

  /** Adds an image that is written as text, or as a map with its name under `key`. */
  add(
    value: Located | null,
    key: "name" | "image",
    { expand = this.#expand, kind = "field", platform = null }: ImageOptions = {},
  ): void {
    const scalar = value?.type === "map" ? valueAt(value, key) : value;
    if (scalar?.type === "scalar" && typeof scalar.value === "string" && scalar.text.trim() !== "") {
      this.#scalar(scalar, expand(scalar.text.trim()), kind, platform);
    }
  }

  /** Says what could not be told; call it when all was added. */
  close(): void {
    this.#lacks.report((names) => `depends on ${names}, which only a run can tell`, this.#findings);
  }

  #scalar(scalar: LocatedScalar, { texts, missing }: Expansion, kind: FoundImage["kind"], platform: string | null) {
    if (missing.length > 0) this.#lacks.add(missing, scalar, scalar.text, false);
    for (const text of texts) {
      // An expression may choose to run without an image.
      if (text === "" || this.#findings.image(scalar, text, kind, "pipeline", platform)) continue;
      this.#findings.error(scalar, `the image ${JSON.stringify(text.slice(0, 200))} is not a valid reference`);
    }
  }
}

type ImageOptions = {
  readonly expand?: (text: string) => Expansion;
  readonly kind?: FoundImage["kind"];
  readonly platform?: string | null;
};

/**
 * Fills in what `pattern` (global, its first group the expression) finds in a text. `resolve` gives an expression's value
 * in each of `rows`, or null when only a run can tell.
 */
export function expandExpressions<Row>(
  text: string,
  pattern: RegExp,
  rows: readonly Row[],
  resolve: (expression: string, row: Row) => string | null,
): Expansion {
  const texts = new Set<string>();
  const missing = new Set<string>();
  for (const row of rows) {
    let isWhole = true;
    const filled = text.replace(pattern, (_, ...groups: (string | undefined)[]) => {
      const expression = (groups.slice(0, -2).find((group) => group !== undefined) ?? "").trim();
      const value = resolve(expression, row);
      if (value !== null) return value;
      missing.add(expression.slice(0, 100));
      isWhole = false;
      return "";
    });
    if (isWhole) texts.add(filled.trim());
  }
  return { texts: [...texts], missing: [...missing] };
}
