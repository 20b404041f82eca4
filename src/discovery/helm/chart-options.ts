/** How charts are to be read: whose rules hold, and which values are given to them. */
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { readYamlText } from "../../lib/go-template/read-yaml.ts";
import type { TemplateMap } from "../../lib/go-template/template-value.ts";
import type { HelmMajor } from "./helm-rules.ts";
import { fileAt } from "../files/reading.ts";
import { setValues } from "./set-values.ts";

/** What `helm template` is given by flags of the same names; they hold for every chart that is read. */
export type ChartOptions = {
  /** Null: the rules of the helm on the PATH or, without one, of Helm 4. */
  readonly helm: HelmMajor | null;
  /** Paths of YAML files, the last winning. */
  readonly valuesFiles: readonly string[];
  /** `KEY=VALUE`, over the files. */
  readonly set: readonly string[];
  /** `KEY=VALUE` whose values are text, over all. */
  readonly setString: readonly string[];
};

/** An option that cannot be read; the message names it. */
export class ChartOptionError extends Error {
  override readonly name = "ChartOptionError";
}

/** Nothing is asked for. */
export const NO_CHART_OPTIONS: ChartOptions = { helm: null, valuesFiles: [], set: [], setString: [] };

/** The values that the options give. Throws `ChartOptionError`. */
export async function givenValues({ valuesFiles, set, setString }: ChartOptions): Promise<TemplateMap> {
  const values: TemplateMap = new Map();
  for (const path of valuesFiles) mergeOver(values, await valuesOf(path));
  try {
    for (const argument of set) setValues(values, argument, false);
    for (const argument of setString) setValues(values, argument, true);
  } catch (error) {
    throw new ChartOptionError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return values;
}

/** The arguments of `helm template` that say the same. */
export function helmArguments({ valuesFiles, set, setString }: ChartOptions): string[] {
  const flag = (name: string, values: readonly string[]) => values.flatMap((value) => [name, value]);
  return [...flag("--values", valuesFiles), ...flag("--set", set), ...flag("--set-string", setString)];
}

async function valuesOf(path: string): Promise<TemplateMap> {
  let values: unknown;
  try {
    values = readYamlText(await fileAt(path).text());
  } catch (error) {
    throw new ChartOptionError(`the values in ${path} cannot be read: ${describeFailure(error)}`, { cause: error });
  }
  if (values === null) return new Map();
  if (values instanceof Map) return values as TemplateMap;
  throw new ChartOptionError(`the values in ${path} are no dictionary`);
}

/** Maps merge, all else is replaced; a null stays to take a chart's own value away. */
function mergeOver(values: TemplateMap, over: TemplateMap): void {
  for (const [key, value] of over) {
    const present = values.get(key);
    if (present instanceof Map && value instanceof Map) mergeOver(present, value);
    else values.set(key, value);
  }
}
