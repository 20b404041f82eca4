/**
 * ASCII armor: base64 between BEGIN and END lines, with a CRC-24. Source: RFC 4880, section 6.
 */
import { AciError } from "../aci-error.ts";

/** What the first line of an armored text says that it holds. */
export type ArmorKind = "SIGNATURE" | "PUBLIC KEY BLOCK" | "PRIVATE KEY BLOCK";

const LINE = 64;
/** Far larger than any key with its signatures. */
const MAX_ARMORED = 1 << 20;

/** The armored form of packets, with a newline at its end. */
export function armor(kind: ArmorKind, packets: Uint8Array): string {
  const lines =
    Buffer.from(packets)
      .toString("base64")
      .match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  const text = lines.join("\n");
  return `-----BEGIN PGP ${kind}-----\n\n${text}\n=${checksum(packets)}\n-----END PGP ${kind}-----\n`;
}

/** The packets in an armored file that holds one block of `kind`. Throws AciError naming `where`. */
export function unarmor(kind: ArmorKind, text: string, where: string): Uint8Array {
  if (text.length > MAX_ARMORED) throw new AciError(`${where} has ${text.length} characters; a key has far fewer`);
  const blocks = text.replaceAll("\r", "").split(`-----BEGIN PGP ${kind}-----`);
  const [body, rest] = (blocks[1] ?? "").split(`-----END PGP ${kind}-----`);
  if (blocks.length !== 2 || body === undefined || rest === undefined) {
    throw new AciError(`${where} does not hold one armored "PGP ${kind}" (as gpg --armor --export-secret-keys writes)`);
  }
  const content = body.slice(body.indexOf("\n\n") + 2).replace(/[ \t]/g, "");
  const [, base64 = "", crc] = /^([A-Za-z0-9+/\n]*={0,2})\n(?:=([A-Za-z0-9+/]{4})\n)?$/.exec(content) ?? [];
  const packets = Buffer.from(base64, "base64");
  if (packets.length === 0 || (crc !== undefined && crc !== checksum(packets))) {
    throw new AciError(`the armor in ${where} is damaged`);
  }
  return packets;
}

/** CRC-24 in base64. */
function checksum(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x800000) === 0 ? 0 : 0x1864cfb);
  }
  return Buffer.from([(crc >>> 16) & 0xff, (crc >>> 8) & 0xff, crc & 0xff]).toString("base64");
}
