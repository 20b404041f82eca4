import type { RequestOf } from "../../admin/contract.ts";
import type { TarFile } from "./tar-of-files.ts";

/** How files are looked through, as somebody typed it. */
export type DiscoveryOptions = {
  /** `linux/amd64`, several between commas, or `all`. */
  readonly platforms: string;
  readonly strict: boolean;
  /** Values for charts, as YAML. */
  readonly values: string;
  /** A line each, as `--set` takes them. */
  readonly set: string;
  readonly kubernetes: string;
  readonly runtime: string;
  readonly addOns: string;
};

/** What is asked for unless somebody says otherwise. */
export const USUAL_OPTIONS: DiscoveryOptions = {
  platforms: "linux/amd64",
  strict: false,
  values: "",
  set: "",
  kubernetes: "",
  runtime: "",
  addOns: "",
};

/** The options as the query of `discoverImages`. One platform is what nodes take, several are what is insisted on. */
export function queryOf(options: DiscoveryOptions): Omit<RequestOf<"discoverImages">, "upload"> {
  const { platforms, strict, kubernetes, runtime, addOns } = options;
  const wanted = platforms.trim();
  const isOne = wanted !== "all" && !wanted.includes(",");
  return {
    ...(wanted === "" ? {} : isOne ? { prefer: wanted } : { platforms: wanted }),
    ...(strict && { strict: "true" as const }),
    ...(kubernetes.trim() !== "" && {
      kubernetes: kubernetes.trim(),
      ...(runtime.trim() !== "" && { runtime: runtime.trim() }),
      ...(addOns.trim() !== "" && { addOns: addOns.trim() }),
    }),
  };
}

/** What is said beside the files; never in the address, since values may be secrets. */
export function filesOfOptions({ values, set }: DiscoveryOptions): readonly TarFile[] {
  const file = (path: string, text: string) => ({ path, content: new TextEncoder().encode(text) });
  return [
    ...(values.trim() === "" ? [] : [file(".larder/values/values.yaml", values)]),
    ...(set.trim() === "" ? [] : [file(".larder/set", set)]),
  ];
}

/** The flags of `larder images` that say the same, but for values; empty for the usual. */
export function flagsOf({ platforms, strict }: DiscoveryOptions): string {
  const wanted = platforms.trim();
  const flags = wanted === "all" ? ["--all-platforms"] : wanted.split(",").map((one) => `--platform ${one.trim()}`);
  return [...flags, ...(strict ? ["--strict"] : [])].join(" ");
}
