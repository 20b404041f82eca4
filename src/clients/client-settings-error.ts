/** Settings that no node configuration can be written for. The message is for the person who gave them. */
export class ClientSettingsError extends Error {
  override readonly name = "ClientSettingsError";
}
