/** Whatever signs ACIs: a key of this machine, or a larder with its own. */
export interface AciSigner {
  /** The armored public key. */
  publicKey(): Promise<string>;
  /** The armored, detached signature of a file. */
  sign(file: string): Promise<string>;
}
