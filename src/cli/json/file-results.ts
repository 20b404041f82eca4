/** The results of verbs that write files: for nodes, and ACIs. */
import * as v from "valibot";
import { bytes, reason } from "./json-values.ts";

/** What nodes can be set up: `client`. */
export const listedTargets = v.array(
  v.object({
    target: v.string(),
    aliases: v.array(v.string()),
    summary: v.string(),
    modes: v.array(v.string()),
  }),
);

/** The files for a node: `client TARGET`. */
export const clientFiles = v.object({
  files: v.array(
    v.object({ path: v.string(), mode: v.pipe(v.string(), v.description("`0644`")), content: v.string() }),
  ),
  notes: v.pipe(v.array(v.string()), v.description("what there is to know besides")),
});

/** What became of files: `client TARGET --out`. */
export const writtenFiles = v.array(
  v.object({
    file: v.string(),
    status: v.pipe(
      v.picklist(["written", "unchanged", "left"]),
      v.description("`left`: something else is there, and nothing at all was written"),
    ),
    reason,
  }),
);

const name = v.pipe(v.string(), v.description("the ACI's name: `quay.io/coreos/flannel`"));
/** ACI files: `aci ls`. */
export const listedAcis = v.array(
  v.object({
    file: v.string(),
    name,
    version: v.nullable(v.string()),
    os: v.nullable(v.string()),
    arch: v.nullable(v.string()),
    sizeBytes: bytes,
    isSigned: v.boolean(),
  }),
);
/** ACI files that were signed: `aci sign`. */
export const signedAcis = v.array(
  v.object({ file: v.string(), signature: v.pipe(v.string(), v.description("the file that it was written into")) }),
);
/** The key that signatures are verified with: `aci key`. */
export const aciKeyResult = v.object({
  publicKey: v.pipe(v.string(), v.description("armored, as OpenPGP has it")),
  fingerprint: v.string(),
});
/** ACI files that were made: `aci convert`. */
export const writtenAcis = v.array(
  v.object({
    file: v.string(),
    name,
    imageId: v.pipe(v.string(), v.description("as rkt has it: `sha512-` and digits")),
    sizeBytes: bytes,
  }),
);
