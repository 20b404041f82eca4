/** One block of a PEM file (RFC 7468). */
export type PemBlock = {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  /** The block with its first and last line, ending in a line feed. */
  readonly text: string;
};

/** All blocks of `text`, in order. What stands between them is a comment. */
export function parsePemBlocks(text: string): readonly PemBlock[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,60})-----(?:(?!-----BEGIN )[^])*?-----END \1-----/g);
  return [...blocks].map(([block, label = ""]) => ({ label, text: `${block}\n` }));
}

/** `der` as PEM, in lines of 64 characters. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
