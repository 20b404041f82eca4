import type { ChartRules } from "./chart-images.ts";
import { type ChartOptions, givenValues, helmArguments } from "./chart-options.ts";
import { findHelm } from "./helm-program.ts";
import { DEFAULT_HELM } from "./helm-rules.ts";

/** The rules that the options mean. A helm on the PATH renders, unless the other one's rules are asked for. */
export async function chartRules(
  options: ChartOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ChartRules> {
  const values = await givenValues(options);
  const found = await findHelm(environment, helmArguments(options));
  const renders = found !== null && (options.helm === null || options.helm === found.major);
  return {
    program: renders ? found.template : null,
    helm: options.helm ?? found?.major ?? DEFAULT_HELM,
    isChosen: options.helm !== null,
    values,
  };
}
