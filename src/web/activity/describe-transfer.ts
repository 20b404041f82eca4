import type { LiveMessage } from "../../admin/live-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";

/** Something that is on its way. */
export type Transfer = Extract<LiveMessage, { kind: "transfers" }>["transfers"][number];

type Source = { readonly word: string; readonly tone: "good" | "accent" | "warn" | "plain"; readonly title: string };

/** The image or repository that it is of. */
export function nameOf(one: Transfer): string {
  if (one.kind !== "pull" || one.reference === null) return one.repository;
  return `${one.repository}${one.reference.includes(":") ? "@" : ":"}${one.reference}`;
}

/** Who it is for: "node-3, 10.0.0.3 (containerd 2.1.4)". */
export function whoOf(one: Transfer): string {
  if (one.kind === "download") return one.readers === 0 ? "larder" : `larder, for ${countOf(one.readers, "client")}`;
  const { who, from, runtime, runtimeVersion } = one;
  const whose = [who, from].filter((text) => text !== null).join(", ");
  const program = [runtime, runtimeVersion].filter((text) => text !== null).join(" ");
  if (whose === "") return "a client";
  return program === "" ? whose : `${whose} (${program})`;
}

/** Where it comes from. */
export function sourceOf(one: Transfer): Source {
  if (one.kind === "push") return { word: "push", tone: "plain", title: "a client sends it" };
  if (one.kind === "download") return { word: "upstream", tone: "accent", title: "fetched from its registry" };
  switch (one.source) {
    case "disk":
      return { word: "hit", tone: "good", title: "from disk" };
    case "upstream":
      return { word: "miss", tone: "accent", title: "fetched from its registry meanwhile" };
    default:
      return { word: "stale", tone: "warn", title: "from disk, and upstream could not be asked whether it is current" };
  }
}

/** How far it is: "4 of 7 layers, 45.2MB of 67.0MB". */
export function describeProgress(one: Transfer): string {
  const bytes =
    one.sizeBytes === null ? formatBytes(one.bytes) : `${formatBytes(one.bytes)} of ${formatBytes(one.sizeBytes)}`;
  if (one.kind !== "pull") return bytes;
  const layers = `${one.layersDone} of ${countOf(one.layersInAll ?? one.layers, "layer")}`;
  return one.isDone && one.layersDone === one.layers ? `done, ${bytes}` : `${layers}, ${bytes}`;
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
