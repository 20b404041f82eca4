import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../oci/repository.ts";

/** Where an answer's content came from; `stale`: from disk, since upstream could not be asked. */
export type ContentSource = "disk" | "upstream" | "stale";

/** What was sent of a registry: a manifest, with its bytes, or a blob with its size. */
export type Served = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes?: Uint8Array;
  readonly sizeBytes?: number;
};

/**
 * The facts of one exchange for its line in the log and for metrics. Pages record what they know as soon as they know
 * it, the pipeline the rest.
 */
export class ExchangeRecord {
  /** What was asked for, one of a bounded set: `manifest`, `blob`, `admin:images`, `client`; `other` is nothing of ours. */
  route = "other";
  /** The registry that the request is held to; null at larder's own address. */
  namespace: Namespace | null = null;
  repository: Repository | null = null;
  /** The tag or digest that was asked for, as the client wrote it, unchecked. */
  reference: string | null = null;
  /** Null for answers without content of a registry. */
  source: ContentSource | null = null;
  /** The registry that content was asked of, for want of it here. */
  upstream: Namespace | null = null;
  /** The manifest or blob that was answered with, be it by its headers alone. */
  served: Served | null = null;
  /** The repository out of which a pull of a manifest was answered; null for all else, such as what somebody asks who is about to push. */
  pulledFrom: RepositoryName | null = null;
  /** Bytes of the answer's body, as far as they are known: those that really went out of what was streamed. */
  bytesOut: number | null = null;
  /** Bytes that have gone out so far of an answer that is streamed. */
  bytesStreamed = 0;
  /** Bytes of the request's body that were taken; null where nobody counted. */
  bytesIn: number | null = null;
  /** Why there is no better answer; null when it is one. */
  fault: unknown = null;
  /** Did the client leave before it had all of the answer? */
  hasLeft = false;
}
