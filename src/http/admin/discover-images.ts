import type { InputOf } from "../../admin/contract.ts";
import { DISCOVERY_LIMITS } from "../../admin/discovery-limits.ts";
import type { DiscoveryLine } from "../../admin/discovery-schemas.ts";
import type { DiscoveryPool, DiscoveryRequest } from "../../discovery/serve/discovery-pool.ts";
import type { DiscoveryReport } from "../../discovery/serve/discovery-job.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { formatPlatform, hostPlatform } from "../../oci/platform.ts";
import { formatSelection, parseSelection, type SelectionText } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import type { LineWork } from "./line-work.ts";

/** What looks through files, and what knows which images are here. */
export type DiscoveryParts = {
  readonly pool: DiscoveryPool;
  /** A look at what is here; each sees its fill, and another goes on. */
  readonly survey: (signal: AbortSignal) => ImageSurvey;
  readonly turns: Turns;
};

/**
 * Has files looked through, and tells what they name and which of it is here. Throws BAD_REQUEST for options and files that
 * are none, and what the pool throws: the answer begins when the files have been looked through.
 */
export async function discoverImages(
  { pool, survey, turns }: DiscoveryParts,
  { upload, ...query }: InputOf<"discoverImages">,
  requested: AbortSignal,
): Promise<LineWork<DiscoveryLine>> {
  const { files, bytes, reports } = await pool.run(requestOf(query), upload, requested);
  const left = new AbortController();
  const signal = AbortSignal.any([requested, left.signal]);
  return {
    onLeave: () => left.abort(),
    work: async (tell) => {
      const work = turns.begin(signal);
      const tally = new Tally();
      let looks = survey(signal);
      tell({ kind: "received", files, bytes });
      for (const report of reports) {
        await work.rest();
        if (looks.hasSeenEnough) looks = survey(signal);
        const line = await lineOf(report, looks);
        if (line === null) continue;
        tally.add(line);
        tell(line);
      }
      return tally.end(reports);
    },
  };
}

type Line<Kind extends DiscoveryLine["kind"]> = Extract<DiscoveryLine, { kind: Kind }>;

/** Null for what is no line of its own. */
async function lineOf(
  report: DiscoveryReport,
  survey: ImageSurvey,
): Promise<Line<"reference" | "problem" | "image"> | null> {
  switch (report.kind) {
    case "reference":
    case "problem":
      return report;
    case "image": {
      const state = await survey.check(parseImageName(report.image), parseSelection(report.platforms));
      return { ...report, ...state, missing: [...state.missing] };
    }
    default:
      return null;
  }
}

/** What the last line tells. */
class Tally {
  #images = 0;
  #whole = 0;
  #missingBytes = 0;
  #isWhole = true;

  add(line: Line<"reference" | "problem" | "image">): void {
    if (line.kind === "problem") this.#isWhole &&= line.severity === "note";
    if (line.kind !== "image") return;
    this.#images++;
    if (line.state === "whole") this.#whole++;
    this.#missingBytes = Math.min(Number.MAX_SAFE_INTEGER, this.#missingBytes + (line.missingBytes ?? 0));
  }

  end(reports: readonly DiscoveryReport[]): Line<"done"> {
    const last = reports.at(-1);
    const left = last?.kind === "done" ? last.left : 0;
    return {
      kind: "done",
      images: this.#images,
      whole: this.#whole,
      missingBytes: this.#missingBytes,
      left,
      isWhole: this.#isWhole && left === 0,
    };
  }
}

function requestOf(query: Omit<InputOf<"discoverImages">, "upload">): DiscoveryRequest {
  const { platforms, prefer, strict, helm = null, kubernetes: version, runtime, addOns } = query;
  if (version === undefined && (runtime !== undefined || addOns !== undefined)) {
    throw new RegistryError("BAD_REQUEST", "runtime and addOns are said with kubernetes, a release");
  }
  const kubernetes =
    version === undefined
      ? null
      : { version, runtime: runtime ?? null, addOns: addOns === undefined ? [] : wordsOf(addOns) };
  return {
    limits: DISCOVERY_LIMITS,
    platforms: selectionOf(platforms, prefer),
    strict: strict === "true",
    helm,
    kubernetes,
  };
}

function selectionOf(platforms: string | undefined, prefer: string | undefined): DiscoveryRequest["platforms"] {
  if (platforms !== undefined && prefer !== undefined) {
    throw new RegistryError("BAD_REQUEST", "platforms and prefer contradict each other; give one of them");
  }
  if (platforms === undefined) return writable({ prefer: prefer ?? formatPlatform(hostPlatform()) });
  if (platforms === "all") return "all";
  const words = wordsOf(platforms);
  if (words.length === 0) throw new RegistryError("BAD_REQUEST", "platforms names none");
  return writable(words);
}

/** As the process takes it, with platforms by their canonical names. Throws BAD_REQUEST. */
function writable(text: SelectionText): DiscoveryRequest["platforms"] {
  const formatted = formatSelection(parseSelection(text));
  return formatted === "all" || "prefer" in formatted ? formatted : [...formatted];
}

function wordsOf(text: string): string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}
