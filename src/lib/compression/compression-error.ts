/** A compressed stream that is damaged, cut short, or larger than its reader allows. */
export class CompressionError extends Error {
  override readonly name = "CompressionError";
}
