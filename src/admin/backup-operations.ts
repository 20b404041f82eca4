import * as v from "valibot";
import { backupBlobQuery, backupBlobs, backupFileName, backupId, backupProgress } from "./backup-schemas.ts";
import { count } from "./basic-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: a copy of all that is here, made while larder runs. */
export const BACKUP_OPERATIONS = {
  beginBackup: operation("POST", "/backups", {
    action: "administer",
    summary: "Begin a backup: what is in it is as it is now, however long it takes to fetch",
    description:
      "Nothing that it names is taken away until it is ended or the client leaves: so long the answer goes on, a line every ten seconds. Among its files are larder's keys.",
    body: v.strictObject({}),
    form: "lines",
    answer: backupProgress,
  }),
  listBackupBlobs: operation("GET", "/backups/{backup}/blobs", {
    action: "administer",
    summary: "List the blobs of a backup, in the order of their digests",
    description: "Those up to `after` count as fetched.",
    parameters: backupId,
    query: backupBlobQuery,
    answer: backupBlobs,
  }),
  readBackup: operation("GET", "/backups/{backup}/files/{file}", {
    action: "administer",
    summary: "Read a file of a backup by its path, or a blob by its digest",
    parameters: { ...backupId, file: backupFileName },
    query: { from: v.optional(count, 0) },
    form: "bytes",
    answer: v.pipe(v.string(), v.description("the content, from the byte `from` on")),
  }),
  endBackup: operation("DELETE", "/backups/{backup}", {
    action: "administer",
    audited: false,
    summary: "End a backup: what it held on to may go",
    parameters: backupId,
    answer: v.object({ ended: v.pipe(v.boolean(), v.description("false: there was none")) }),
  }),
} as const;
