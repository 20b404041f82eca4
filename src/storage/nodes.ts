/** The contract of who has pulled: the machines, by their addresses, as a table of bounded size. */

/** A machine that has pulled, as far as its address tells one from another. */
export type StoredNode = {
  /** An IP address. */
  readonly address: string;
  /** What it pulls with, and its version, by its own word; null: it did not say. */
  readonly runtime: string | null;
  readonly runtimeVersion: string | null;
  readonly firstPullMs: number;
  readonly lastPullMs: number;
  /** Images that it asked for; what it asks of one within seconds is one pull. */
  readonly pulls: number;
  /** Answers by where their content came from, and bytes of them, as in `Traffic`. */
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
  readonly bytes: number;
  /** The full name of the image that it asked for last; null: it only asked for blobs. */
  readonly lastImage: string | null;
};

/** So many are kept: those that pulled last. */
export const NODES_KEPT = 5000;

/** Who has pulled. It is told every so often, and may lack what came last. */
export interface NodeStore {
  /** All of them, in no order. */
  list(): Promise<readonly StoredNode[]>;
  /**
   * Puts those in the place of what was known of the same addresses, in one transaction that a power cut may take. Beyond
   * `NODES_KEPT`, those go that have not pulled for longest.
   */
  put(nodes: readonly StoredNode[]): Promise<void>;
}
