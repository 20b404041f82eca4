import { Turns } from "../../lib/async/turns.ts";
import { RefusalCounter } from "../signatures/refusal-counter.ts";
import { SignatureGuard } from "../signatures/signature-guard.ts";
import type { ImageGuard, PullContext } from "./origin.ts";

const nothing = async () => null;
const NOTHING = { tagged: nothing, referrers: async () => [], blob: nothing, beginning: nothing };

/** A guard that lets everything pass, for tests of what has nothing to do with signatures. */
export function guardWithoutRules(): ImageGuard {
  return new SignatureGuard<PullContext>({
    manifests: { listNaming: async () => [] },
    sourceOf: () => NOTHING,
    whyNotAsked: () => "",
    counter: new RefusalCounter({ write: () => {} }, () => 0),
    turns: new Turns(),
    now: () => 0,
    elapsed: () => 0,
  });
}
