import { fail, type Finding, ok, warn } from "./finding.ts";
import type { SandboxImage } from "./read-sandbox-image.ts";

/** What larder knows of a sandbox image. */
export type SandboxState = {
  /** Is it there, whole? */
  readonly isThere: boolean;
  /** Does larder stand in for its registry? */
  readonly isStoodInFor: boolean;
  /** Could larder fetch it when it is pulled? */
  readonly canBeFetched: boolean;
};

/** Without its sandbox image a runtime starts no pod at all. `state` is null when larder could not be asked. */
export function examineSandbox({ runtime, image, source }: SandboxImage, state: SandboxState | null): Finding {
  const check = "sandbox";
  const what = `${runtime} starts every pod with ${image} (${source})`;
  if (state === null) return warn(check, `${what}; larder was not asked whether it has it`, `larder has ${image}`);
  if (state.isThere) return ok(check, `${what}, which larder has`);
  if (!state.isStoodInFor) return ok(check, `${what}, whose registry larder does not stand in for`);
  const message = `${what}, which larder has not`;
  const advice = `larder cache ${image}`;
  if (state.canBeFetched) return warn(check, `${message} yet: without its registry no pod would start`, advice);
  return fail(
    check,
    `${message}, and cannot fetch now: no pod starts on a node that lacks it`,
    `${advice}, where there is a way to its registry`,
  );
}
