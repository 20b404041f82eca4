import type { ListedImageOfRecording } from "../../admin/recording-schemas.ts";
import { call, lines } from "../api/call.ts";
import { allImages } from "./all-images.ts";

/** What of a recording is not here, or not whole. */
export type Missing = {
  /** The full name, with the tag if there is one, and the digest. */
  readonly image: string;
  readonly platform: string | null;
  /** Why it is not whole, for people. */
  readonly reason: string;
};

const AT_ONCE = 500;

/** Looks for all that is in a recording. Throws `ApiProblem`. */
export async function findMissing(
  name: string,
  signal: AbortSignal,
): Promise<{ readonly missing: readonly Missing[]; readonly looked: number }> {
  const wanted = (await allImages(name, signal)).flatMap(wantedOf);
  const missing: Missing[] = [];
  for (let at = 0; at < wanted.length; ) {
    const some = wanted.slice(at, at + AT_ONCE);
    const asked = some.map(({ image, platform }) => ({ image, platforms: selectionOf(platform) }));
    const { images } = await call("checkImages", { images: asked }, signal);
    if (images.length === 0) break;
    for (const [index, { state, reason }] of images.entries()) {
      const one = some[index];
      if (state !== "whole" && one !== undefined) missing.push({ ...one, reason: reason ?? state });
    }
    // When they are much work, the answer is for the first ones.
    at += images.length;
  }
  return { missing, looked: wanted.length };
}

/** Has larder fetch it. What larder says against it is passed over: it is found missing then. Throws `ApiProblem` for who is refused. */
export async function bring({ image, platform }: Missing, signal: AbortSignal): Promise<void> {
  for await (const line of lines("fetchImage", { image, platforms: selectionOf(platform) }, signal)) {
    if (line.kind === "failed" || line.kind === "done") return;
  }
}

function selectionOf(platform: string | null) {
  return platform === null ? ("all" as const) : [platform];
}

/** An image for each of the platforms that were pulled of it. */
function wantedOf({
  name,
  tag,
  digest,
  kind,
  platform,
  parts,
}: ListedImageOfRecording): readonly Omit<Missing, "reason">[] {
  const pinned = tag === null ? `${name}@${digest}` : `${name}:${tag}@${digest}`;
  if (parts.length === 0) {
    // Of an index nobody has pulled an image: that it is here is all.
    return kind === "index" ? [] : [{ image: pinned, platform }];
  }
  return parts.map((part) =>
    part.platform === null
      ? { image: `${name}@${part.digest}`, platform: null }
      : { image: pinned, platform: part.platform },
  );
}
