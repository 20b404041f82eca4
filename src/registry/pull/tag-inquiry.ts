import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { Repository } from "../../oci/repository.ts";
import type { FetchedManifest, RequestOptions } from "../../upstream/registry-client.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { Upstream } from "./upstreams.ts";

/** How long an upstream that gives by GET what it refuses to HEAD is asked by GET at once. */
const REFUSAL_MS = 3_600_000;
const REMEMBERED = 1000;

/** What a tag points at now: the manifest that was `known`, another one, or nothing. */
export type TagAnswer = "unchanged" | FetchedManifest | null;

/**
 * Asks upstream which manifest a tag points at: by HEAD, which is free where pulls are counted, and by GET when the
 * tag has moved.
 *
 * Many registries refuse HEAD of manifests, or redirect it to a URL that is signed for GET alone. So of the answers to
 * HEAD only 200, 401 and 429 count; after any other one, a 404 too, GET is tried. A 404 for what is seldom there is
 * believed all the same.
 */
export class TagInquiry {
  readonly #refusesHead: ExpiringMap<Namespace, true>;

  constructor(elapsed: () => number) {
    this.#refusesHead = new ExpiringMap(REFUSAL_MS, REMEMBERED, elapsed);
  }

  /** `known` is what the tag pointed at when it was last looked at, null when it never was. Throws an `UpstreamError`. */
  async ask(
    { client, namespace }: Upstream,
    { path }: Repository,
    tag: Tag,
    known: Digest | null,
    options: RequestOptions & { readonly isSeldomThere?: boolean },
  ): Promise<TagAnswer> {
    let isHeadRefused = false;
    const isProbe = known === null && options.isSeldomThere === true;
    if ((known !== null || isProbe) && this.#refusesHead.get(namespace) === null) {
      try {
        const head = await client.headManifest(path, tag, options);
        if (head !== null && head.digest !== null && head.digest === known) return "unchanged";
        if (head === null && isProbe) return null;
        isHeadRefused = head === null;
      } catch (error) {
        if (!settlesNothing(error)) throw error;
        isHeadRefused = !isPassing(error);
      }
    }
    const fetched = await client.getManifest(path, tag, options);
    if (isHeadRefused && fetched !== null) this.#refusesHead.set(namespace, true);
    return fetched !== null && fetched.digest === known ? "unchanged" : fetched;
  }
}

/** Does a failed HEAD leave open what GET would be answered with? */
function settlesNothing(error: unknown): error is UpstreamError {
  if (!(error instanceof UpstreamError)) return false;
  const { failure } = error;
  switch (failure.kind) {
    case "rejected":
    case "server-error":
    case "protocol":
      return true;
    case "unauthorized":
      return failure.status === 403;
    default:
      return false;
  }
}

/** 501 says that HEAD is not offered; the other failures of a server come and go. */
function isPassing({ failure }: UpstreamError): boolean {
  return failure.kind === "server-error" && failure.status !== 501;
}
