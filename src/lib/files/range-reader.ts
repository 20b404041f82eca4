/** Reads content at any position. Close it. */
export interface RangeReader {
  /** Up to `length` bytes from `position` on, fewer at the end of what is there, none behind it. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
