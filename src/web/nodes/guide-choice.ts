import type { RequestOf } from "../../admin/contract.ts";
import type { TargetList } from "../../admin/client-schemas.ts";

/** What somebody has chosen; it stands in the address, so that it can be sent to who sits at the node. */
export type GuideChoice = {
  readonly target: string;
  /** Null: the target's usual one. */
  readonly mode: string | null;
  /** As typed; empty: all. */
  readonly standIns: string;
  readonly all: boolean;
  readonly fallback: boolean;
};

type Target = TargetList["targets"][number];

/** What the address says. */
export function choiceOf(query: URLSearchParams): GuideChoice {
  return {
    target: query.get("target") ?? "containerd",
    mode: query.get("mode"),
    standIns: query.get("stand-in") ?? "",
    all: query.get("all") === "yes",
    fallback: query.get("fallback") !== "no",
  };
}

/** What is to stand in the address. */
export function queryOf({ target, mode, standIns, all, fallback }: GuideChoice): Record<string, string | undefined> {
  return {
    target,
    mode: mode ?? undefined,
    "stand-in": standIns,
    all: all ? "yes" : undefined,
    fallback: fallback ? undefined : "no",
  };
}

/** The question for the files of a choice. */
export function requestOf({ target, mode, standIns, all, fallback }: GuideChoice): RequestOf<"getTargetFiles"> {
  return {
    target,
    ...(mode !== null && { mode }),
    ...(standIns.trim() !== "" && { standIns }),
    ...(all && { all: "yes" as const }),
    ...(!fallback && { fallback: "no" as const }),
  };
}

/** The target that a choice names, by its name or an alias; undefined: there is none. */
export function targetNamed(targets: readonly Target[], name: string): Target | undefined {
  return targets.find((one) => one.name === name || one.aliases.includes(name));
}
