/** The outcome of a collection's turn: what it removed. */
export type Collected = { readonly manifests: number; readonly links: number };

/**
 * Work that is noted in the database, in small pieces. Taking a piece takes it off the list; a transaction that fails puts
 * it back, and loses nothing, because nothing of it is remembered elsewhere.
 */
export interface WorkList<Piece> {
  /** The next piece, or null when there is nothing to do. */
  next(): Piece | null;
  /** Does a piece, within a transaction. */
  take(piece: Piece): Collected;
}
