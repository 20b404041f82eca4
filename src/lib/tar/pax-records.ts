/**
 * Pax extended header records: `LENGTH KEYWORD=VALUE\n`, LENGTH counting the whole record in decimal digits.
 * Values are bytes: extended attributes hold NUL and newline. Source: POSIX.1-2017 pax, "pax Extended Header".
 */
import { TarError } from "./tar-error.ts";
import { decodeText, encodeText } from "./text-bytes.ts";

/** One record. An empty value takes back what a global header said. */
export type PaxRecord = { readonly keyword: string; readonly value: Uint8Array };

/** Reads the records of one extended header, repeated keywords kept. Throws TarError naming `where`. */
export function parsePaxRecords(bytes: Uint8Array, where: string): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0) break; // Padding that some writers count into the size.
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? "" : decodeText(bytes.subarray(at, space));
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    const fits = /^[1-9][0-9]*$/.test(digits) && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!fits || equals < 0 || equals >= end - 1) {
      throw new TarError(`${where} has an extended header with a record that is not valid at byte ${at}`);
    }
    records.push({
      keyword: decodeText(bytes.subarray(space + 1, equals)),
      value: bytes.slice(equals + 1, end - 1),
    });
    at = end;
  }
  return records;
}

/** Writes records. Keywords hold no `=`. */
export function formatPaxRecords(records: readonly PaxRecord[]): Uint8Array {
  return Buffer.concat(records.map(formatRecord));
}

function formatRecord(record: PaxRecord): Uint8Array {
  const keyword = encodeText(record.keyword);
  const rest = keyword.length + record.value.length + 3; // the space, the equals sign and the newline
  let length = rest + String(rest).length;
  // The length counts its own digits: one more digit may make it longer by one more.
  if (String(length).length > length - rest) length++;
  return Buffer.concat([encodeText(`${length} `), keyword, encodeText("="), record.value, encodeText("\n")]);
}
