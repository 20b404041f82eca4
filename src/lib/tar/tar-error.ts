/** An archive that cannot be read, or a member that cannot be written. The message says where and why. */
export class TarError extends Error {
  override readonly name = "TarError";
}
