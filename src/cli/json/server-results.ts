/** The results of verbs that work on a server, its store, its settings and this machine. */
import * as v from "valibot";
import { rot } from "../../admin/image-schemas.ts";
import * as access from "../../admin/access-schemas.ts";
import { importCounts, importProblem, keptTag } from "../../admin/import-schemas.ts";
import * as server from "../../admin/server-schemas.ts";
import { bytes, count, digest, image, reason, time } from "./json-values.ts";

/** Whether larder is offline: `offline`. */
export const offlineResult = v.object({
  offline: v.pipe(v.boolean(), v.description("is contacting upstream registries forbidden?")),
});

const rateLimit = v.object({
  limit: v.number(),
  remaining: v.number(),
  windowSeconds: v.nullable(v.number()),
  seenAt: time,
});
/** Counts of traffic: `stats`. */
export const statsResult = v.object({
  since: time,
  offline: v.boolean(),
  namespaces: v.array(v.object({ ...server.namespaceStats.entries, rateLimit: v.nullable(rateLimit) })),
  total: v.nullable(v.object({ since: time, namespaces: v.array(server.namespaceCounts) })),
  aside: server.stats.entries.aside,
  verification: v.nullable(
    v.object({
      pass: v.nullable(v.object({ startedAt: time, endedAt: v.nullable(time), blobs: count, bytes, rotten: count })),
      lastEndedAt: v.pipe(v.nullable(time), v.description("when a pass last came to its end")),
      rotten: server.verification.entries.rotten,
      first: v.array(v.object({ digest, rot, reason: v.string(), since: time, images: v.array(v.string()) })),
    }),
  ),
  collectionRefusal: server.stats.entries.collectionRefusal,
  storeProblem: server.stats.entries.storeProblem,
});

/** Who has pulled: `nodes`. */
export const nodesResult = v.array(
  v.object({
    address: v.string(),
    runtime: v.pipe(
      v.nullable(v.string()),
      v.description("`containerd`, `cri-o`, …, by its own word; null: it did not say"),
    ),
    runtimeVersion: v.nullable(v.string()),
    firstPullAt: time,
    lastPullAt: time,
    pulls: v.pipe(count, v.description("what is asked of one image within ten seconds is one pull")),
    hits: count,
    misses: count,
    stale: count,
    bytes,
    lastImage: v.nullable(image),
  }),
);

/** Whether somebody may do something: `rules test`. */
export const ruleResult = v.object({
  subject: v.string(),
  action: v.string(),
  name: v.string(),
  ...access.ruleAnswer.entries,
  place: v.pipe(v.nullable(v.string()), v.description("FILE:LINE of the rule, with --config")),
});

/** Pins: `pin ls`. */
export const listedPins = v.array(
  v.object({
    pin: v.pipe(v.string(), v.description("a pattern of full names and tags, or a manifest by its digest")),
    addedAt: time,
    who: v.pipe(v.nullable(v.string()), v.description("who made it; null when nobody knows")),
  }),
);
/** What became of pins: `pin`, `unpin`. */
export const pinnedResults = v.array(
  v.object({
    pin: v.pipe(v.string(), v.description("its canonical spelling, with the registry's name")),
    status: v.pipe(
      v.picklist(["pinned", "unpinned", "unchanged"]),
      v.description("`unchanged`: it was pinned already, or there was no such pin"),
    ),
  }),
);

const { problem: _, ...collectionCounts } = server.collection.entries;
/** What a collection gave back: `gc`. */
export const collectionResult = v.object({
  status: v.pipe(v.picklist(["done", "refused"]), v.description("`refused`: something kept it from its work")),
  reason,
  ...collectionCounts,
});

/** What the retention rules remove, or would: `retention`. */
export const retentionResult = v.object({
  rules: v.pipe(count, v.description("how many there are")),
  gone: v.pipe(count, v.description("tags that went, or would go")),
  stayed: v.pipe(count, v.description("tags that a rule is about and that stay")),
  takesNothingBefore: v.pipe(
    v.nullable(time),
    v.description("until then the rules, which were changed, remove nothing by themselves; null: they do"),
  ),
  doubt: v.pipe(v.nullable(v.string()), v.description("why nothing goes for its age at present")),
  tags: v.array(
    v.object({
      image: v.string(),
      digest,
      status: v.pipe(
        v.picklist(["goes", "stays", "removed", "changed"]),
        v.description("`goes`: it would; `changed`: removed or moved meanwhile, and let be"),
      ),
      rule: v.pipe(count, v.description("which rule decides, from 1 on")),
      reason: v.pipe(v.string(), v.description("why it goes, or stays")),
      updatedAt: time,
      pulledAt: v.nullable(time),
    }),
  ),
});

/** What was found when all files were read: `verify`. */
export const verifyResult = v.object({
  status: v.pipe(
    v.picklist(["whole", "damaged", "interrupted"]),
    v.description("`interrupted`: not all was read; the rest is not known"),
  ),
  reason,
  files: v.pipe(count, v.description("read so far")),
  bytes,
  damaged: v.array(
    v.object({
      digest,
      status: v.pipe(
        v.picklist(["damaged", "missing", "unreadable", "healed"]),
        v.description("`healed`: it was fetched again"),
      ),
      reason: v.string(),
      advice: v.pipe(v.nullable(v.string()), v.description("why it was not fetched again, and what to do")),
      images: v.pipe(v.array(v.string()), v.description("the first images that need it")),
    }),
  ),
  images: v.pipe(
    v.array(
      v.object({
        image: v.string(),
        status: v.picklist(["whole", "partial", "damaged", "absent"]),
        problems: v.array(v.string()),
      }),
    ),
    v.description("those that were asked for; empty when every file was read"),
  ),
});

/** What came of a backup, a check of one, or a restore: `backup`, `restore`. */
export const backupResult = v.object({
  status: v.pipe(
    v.picklist(["whole", "lacking", "damaged"]),
    v.description(
      "`lacking`: it is as the store is, and lacks what is damaged there; `damaged`: it is not as it was written",
    ),
  ),
  takenAt: v.pipe(time, v.description("the moment that it is of")),
  blobs: count,
  bytes,
  present: v.pipe(count, v.description("blobs that were there before")),
  linked: v.pipe(count, v.description("blobs that are hard links to the store's files")),
  copied: count,
  removed: v.pipe(count, v.description("blobs that the store has no more")),
  lacking: v.pipe(count, v.description("blobs that are not in it")),
  problems: v.pipe(v.array(v.string()), v.description("the first ones, a line each")),
});

/** What was taken over of another registry's folder: `import-registry`. */
export const importResult = v.object({
  status: v.pipe(
    v.picklist(["whole", "lacking", "kept"]),
    v.description(
      "`lacking`: something could not be taken over as it is; `kept`: tags that are on something else here stayed",
    ),
  ),
  dryRun: v.boolean(),
  ...importCounts,
  kept: v.pipe(v.array(keptTag), v.description("the first thousand tags that stayed")),
  first: v.pipe(v.array(importProblem), v.description("the first thousand problems")),
});

/** What was written into another registry's folder: `export-registry`. */
export const exportResult = v.object({
  status: v.pipe(
    v.picklist(["whole", "lacking"]),
    v.description("`lacking`: something was left out, or stayed as it is there"),
  ),
  repositories: count,
  manifests: count,
  tags: v.pipe(count, v.description("tags that were set")),
  tagsKept: v.pipe(count, v.description("tags that are on something else there, and stayed")),
  blobs: v.pipe(count, v.description("blobs that were not there")),
  bytes,
  linked: v.pipe(count, v.description("of the blobs, hard links to larder's files")),
  referrerTags: v.pipe(count, v.description("tags that list what refers to an image")),
  problems: count,
  first: v.pipe(v.array(importProblem), v.description("the first thousand problems")),
});

const listed = v.object({ first: v.array(v.string()), count });
/** What came back when a database was made anew: `rebuild`. */
export const rebuildResult = v.object({
  damage: v.pipe(v.nullable(v.string()), v.description("what was wrong with the database; null: nothing that shows")),
  snapshotAt: v.pipe(v.nullable(time), v.description("of the snapshot that it began with; null: there was none")),
  repositories: count,
  manifests: count,
  tags: count,
  blobs: count,
  records: count,
  unreadable: count,
  salvaged: count,
  isWhole: v.boolean(),
  lostTags: listed,
  missingBlobs: listed,
  unnamedFiles: count,
  keptAs: v.pipe(v.nullable(v.string()), v.description("where the old database is now")),
});

/** The settings that hold: `config`. */
export const configResult = v.array(
  v.object({
    key: v.string(),
    value: v.pipe(v.unknown(), v.description("as a file would have it; a secret is masked")),
    origin: v.variant("kind", [
      v.object({ kind: v.literal("default") }),
      v.object({ kind: v.literal("file"), path: v.string(), line: count }),
      v.object({ kind: v.literal("variable"), name: v.string() }),
      v.object({ kind: v.literal("flag"), name: v.string() }),
    ]),
    needsRestart: v.boolean(),
  }),
);

/** What is wrong with a file of settings: `config check`. */
export const configCheckResult = v.object({
  file: v.string(),
  status: v.picklist(["good", "bad"]),
  problems: v.pipe(v.array(v.string()), v.description("each with its line")),
});

/** What keeps this machine from pulling: `doctor`. */
export const doctorResult = v.array(
  v.object({
    check: v.string(),
    status: v.pipe(v.picklist(["ok", "warn", "fail"]), v.description("`fail`: it would stop a pull")),
    message: v.string(),
    advice: v.nullable(v.string()),
  }),
);

/** Which larder this is: `version`. */
export const versionResult = v.object({
  version: v.string(),
  commit: v.pipe(v.nullable(v.string()), v.description("of the source; null when it is not known")),
  date: v.pipe(v.nullable(time), v.description("of that commit")),
  runtime: v.pipe(v.string(), v.description("`bun 1.4.5`")),
  platform: v.string(),
});

/** Credentials that were kept or forgotten: `login`, `logout`. */
export const credentialsResult = v.object({
  registry: v.string(),
  status: v.picklist(["kept", "forgotten"]),
  file: v.pipe(v.string(), v.description("where they are kept; or the credential helper that keeps them")),
});

/** The authority that nodes have to trust: `ca`. */
export const authorityResult = v.object({
  certificate: v.pipe(v.string(), v.description("in PEM")),
  fingerprint: v.pipe(v.string(), v.description("SHA-256 of it")),
  validUntil: time,
  source: v.pipe(v.string(), v.description("the file or the registry that it came from")),
  isVouchedFor: v.pipe(
    v.boolean(),
    v.description("false: it came over the network, and its fingerprint is to be compared"),
  ),
});
