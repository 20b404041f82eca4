/** An image that cannot become an ACI, or an ACI, name or key that is not valid. The message says why, and what to do. */
export class AciError extends Error {
  override readonly name = "AciError";
}
