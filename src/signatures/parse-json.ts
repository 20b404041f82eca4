import * as v from "valibot";
import { nestsTooDeeply } from "../lib/text/nests-too-deeply.ts";
import { SignatureRejected } from "./signature.ts";

/** The JSON document that bytes hold, in a shape. Throws `SignatureRejected`; `what` begins the sentence. */
export function parseJson<T>(bytes: Uint8Array, shape: v.GenericSchema<unknown, T>, what: string): T {
  let document: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (nestsTooDeeply(text)) throw new SignatureRejected(`cannot be read: ${what} nests too deeply`);
    document = JSON.parse(text);
  } catch (error) {
    if (error instanceof SignatureRejected) throw error;
    throw new SignatureRejected(`cannot be read: ${what} is not JSON`);
  }
  const result = v.safeParse(shape, document);
  if (result.success) return result.output;
  const path = v.getDotPath(result.issues[0]) ?? "";
  throw new SignatureRejected(`cannot be read: ${what} is not what it should be${path === "" ? "" : ` at ${path}`}`);
}

/** Text in base64, as bytes. Throws `SignatureRejected` for anything else; `what` begins the sentence. */
export function decodeBase64(text: string, what: string): Buffer {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new SignatureRejected(`cannot be read: ${what} is not base64`);
  return Buffer.from(text, "base64");
}
