/** Is asked before and after a write. Both methods throw WritesRefused when what is written would be lost. */
export interface WriteGuard {
  /** Before a write: as things were a moment ago. */
  admit(): void;
  /** As things are: after a write, before anybody is told that it is done. */
  confirm(): void;
}
