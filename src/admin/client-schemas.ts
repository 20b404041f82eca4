/** How nodes come to pull from here: what `/client/…` gives, as the page shows it. */
import * as v from "valibot";
import { bytes, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

const mode = v.pipe(
  v.picklist(["http", "https", "spoof"]),
  v.description(
    "the runtime asks larder by its own setting, over plain HTTP or TLS; `spoof`: the registries' names lead here",
  ),
);
const line = v.pipe(v.string(), v.description("for a shell"));

/** The runtimes and tools that configuration is written for, as larder is seen from where the question came. */
export const targetList = v.object({
  origin: v.pipe(v.string(), v.description("larder's address, as the client reached it")),
  standIns: v.array(v.string()),
  addresses: v.pipe(v.array(v.string()), v.description("larder's own, which spoofed names lead to")),
  doctor: line,
  targets: v.array(
    v.object({
      name: v.string(),
      aliases: v.array(v.string()),
      summary: v.string(),
      base: v.pipe(
        v.picklist(["root", "home", "folder"]),
        v.description("where its files go: below the root of a node, somebody's home, or a folder of one's choice"),
      ),
      ways: v.array(v.object({ mode, problem: sentence("why not from here; null: it can be had") })),
      usual: v.pipe(v.nullable(mode), v.description("what it is without `mode`; null: no way can be had from here")),
    }),
  ),
});
/** The runtimes and tools that configuration is written for. */
export type TargetList = Shape<typeof targetList>;

const yesOrNo = v.optional(v.picklist(["yes", "no"]));

/** What is to be written, as the query of `/client/TARGET` says it. */
export const targetQuery = {
  mode: v.optional(v.pipe(v.string(), v.maxLength(100))),
  standIns: v.optional(
    v.pipe(v.string(), v.maxLength(65_536), v.description("these registries only; commas between them")),
  ),
  all: v.optional(v.pipe(yesOrNo, v.description("every other registry, too, where the runtime can"))),
  fallback: v.optional(v.pipe(yesOrNo, v.description("`no`: never go to the registries themselves"))),
};

/** The name of a target, or one of its aliases. */
export const targetName = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** The files of a target, and the lines that bring them to a node. */
export const targetFiles = v.object({
  name: v.string(),
  mode,
  registry: v.pipe(v.string(), v.description("the address that is written into the files")),
  /** Paths below larder's own address. */
  paths: v.object({ text: v.string(), archive: v.string(), script: v.nullable(v.string()) }),
  join: line,
  undo: v.pipe(v.nullable(line), v.description("null: what was unpacked is deleted by hand")),
  undoOnNode: v.pipe(v.nullable(line), v.description("the same on a node that does not reach larder")),
  files: v.array(
    v.object({
      path: v.string(),
      content: v.string(),
      remark: v.pipe(
        v.string(),
        v.description("how it goes together with one that is there already; empty: it is larder's"),
      ),
    }),
  ),
  notes: v.array(v.string()),
});
/** The files of a target. */
export type TargetFiles = Shape<typeof targetFiles>;

/** Larder's own certificate authority. */
export const authorityAnswer = v.object({
  authority: v.pipe(
    v.nullable(
      v.object({
        subject: v.string(),
        fingerprint: v.pipe(
          v.string(),
          v.description("SHA-256, in hexadecimal pairs with colons, as openssl prints it"),
        ),
        validFromMs: timeMs,
        validUntilMs: timeMs,
        path: v.pipe(v.string(), v.description("where the certificate is, below larder's own address")),
        fetch: line,
      }),
    ),
    v.description("null: larder has none; it serves plain HTTP alone, or with somebody else's certificate"),
  ),
});
/** Larder's own certificate authority. */
export type Authority = Shape<typeof authorityAnswer>;

/** Larder's own programs, for machines that have none. */
export const programList = v.object({
  programs: v.array(
    v.object({
      file: v.string(),
      sizeBytes: bytes,
      sha256: v.pipe(v.string(), v.description("in hexadecimal digits")),
      path: v.pipe(v.string(), v.description("where it is, below larder's own address")),
      fetch: line,
    }),
  ),
});
/** Larder's own programs. */
export type ProgramList = Shape<typeof programList>;
