import type { AnswerOf } from "../../admin/contract.ts";
import { ApiProblem } from "../api/api-problem.ts";

/** How far an image has come. */
export type Bringing = {
  readonly doneBytes: number;
  readonly wholeBytes: number;
  readonly warning: string | null;
  readonly failure: ApiProblem | null;
  readonly isDone: boolean;
  /** Bytes of each blob that is on its way, and of each that is here: how much of it has come, and how much it is. */
  readonly blobs: ReadonlyMap<string, readonly [done: number, whole: number]>;
};

/** Nothing has been told yet. */
export const BRINGING: Bringing = {
  doneBytes: 0,
  wholeBytes: 0,
  warning: null,
  failure: null,
  isDone: false,
  blobs: new Map(),
};

/** What is known after one more line of a fetch. */
export function noteLine(before: Bringing, line: AnswerOf<"fetchImage">): Bringing {
  switch (line.kind) {
    case "blob":
      return withBlob(before, line.digest, line.state === "present" ? line.sizeBytes : 0, line.sizeBytes);
    case "progress":
      return withBlob(before, line.digest, line.doneBytes, line.sizeBytes);
    case "fetched":
      return withBlob(before, line.digest, line.sizeBytes, line.sizeBytes);
    case "resolved":
      return line.warning === null ? before : { ...before, warning: line.warning };
    case "warning":
      return { ...before, warning: line.message };
    case "failed":
      return { ...before, failure: new ApiProblem(line.message, 0, line.code) };
    case "done":
      return { ...before, isDone: true };
    default:
      return line satisfies never;
  }
}

function withBlob(before: Bringing, digest: string, done: number, whole: number): Bringing {
  const blobs = new Map(before.blobs).set(digest, [done, whole]);
  let [doneBytes, wholeBytes] = [0, 0];
  for (const [some, all] of blobs.values()) {
    doneBytes += some;
    wholeBytes += all;
  }
  return { ...before, blobs, doneBytes, wholeBytes };
}
