import { AciError } from "../aci-error.ts";
import { unarmor } from "./openpgp-armor.ts";
import { decodePackets, fingerprintOf, TAG } from "./openpgp-packets.ts";

/** The fingerprint of an armored public key, which people compare: 40 hexadecimal digits. Throws AciError naming `where`. */
export function publicKeyFingerprint(text: string, where: string): string {
  const packets = decodePackets(unarmor("PUBLIC KEY BLOCK", text, where), where);
  const primary = packets.find(({ tag }) => tag === TAG.publicKey);
  if (primary === undefined) throw new AciError(`${where} holds no public key`);
  return fingerprintOf(primary.body).toString("hex");
}
