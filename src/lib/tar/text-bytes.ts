/**
 * Bytes that are mostly UTF-8 as strings, without loss.
 *
 * File names are bytes. Valid UTF-8 becomes the text that it is; each byte that is not part of it becomes the lone
 * surrogate U+DC80 to U+DCFF that ends in that byte (as Python's "surrogateescape", PEP 383, does), which no valid
 * UTF-8 decodes to, so `encodeText(decodeText(bytes))` is `bytes` for all bytes.
 */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of `bytes`. */
export function decodeText(bytes: Uint8Array): string {
  return tryDecode(bytes) ?? decodeEscaping(bytes);
}

/** The bytes of a text that `decodeText` gave, or of any other text. */
export function encodeText(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code & 0xff);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

function tryDecode(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null; // The only failure of a strict decoder is what the caller asks about: this is not UTF-8.
  }
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const decoded = length === 0 ? null : tryDecode(bytes.subarray(at, at + length));
    text += decoded ?? String.fromCharCode(0xdc00 | (bytes[at] ?? 0));
    at += decoded === null ? 1 : length;
  }
  return text;
}

/** How many bytes a UTF-8 sequence that begins with `lead` has; 0 when none begins so. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}
