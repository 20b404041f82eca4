import * as v from "valibot";
import { decompress } from "../../lib/compression/decompress.ts";
import { readTar } from "../../lib/tar/read-tar.ts";
import { AciError } from "../aci-error.ts";

/** A manifest names paths by the hundred thousand when it has a white list. */
const MAX_MANIFEST_BYTES = 64 << 20;
/** Where a manifest is not at the front, as appc allows, all in front of it has to be unpacked. */
const MAX_BYTES_BEFORE = 2 ** 39;

const nameValues = v.optional(v.array(v.looseObject({ name: v.string(), value: v.string() })), []);
const document = v.looseObject({
  acKind: v.literal("ImageManifest"),
  name: v.string(),
  labels: nameValues,
});

/** What an ACI says of itself; null for a label that it does not have. */
export type AciSummary = {
  readonly name: string;
  readonly version: string | null;
  readonly os: string | null;
  readonly arch: string | null;
};

/** Reads who an ACI file is, from no more of it than needed. `where` names it in the AciError that anything else throws. */
export async function readAciManifest(file: AsyncIterable<Uint8Array>, where: string): Promise<AciSummary> {
  for await (const { entry, body } of readTar(decompress(file, { maxBytes: MAX_BYTES_BEFORE }))) {
    if (entry.path.replace(/^(?:\.\/)+/, "") !== "manifest") continue;
    if (entry.size > MAX_MANIFEST_BYTES || body === null) {
      throw new AciError(`${where} has a manifest of ${entry.size} bytes, which is none`);
    }
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    return summaryOf(Buffer.concat(parts).toString("utf8"), where);
  }
  throw new AciError(`${where} is not an ACI: it has no manifest`);
}

function summaryOf(text: string, where: string): AciSummary {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), document), text);
  if (!parsed.success) throw new AciError(`${where} has a manifest that is not valid: ${parsed.issues[0].message}`);
  const { name, labels } = parsed.output;
  const label = (wanted: string) => labels.find((one) => one.name === wanted)?.value ?? null;
  return { name, version: label("version"), os: label("os"), arch: label("arch") };
}
