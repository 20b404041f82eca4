import * as v from "valibot";
import { verifyProgress, verifyRequest } from "./image-schemas.ts";
import { importProgress, importRequest } from "./import-schemas.ts";
import { collection, collectRequest, health, offlineState, stats, versionAnswer } from "./server-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: the server itself: what it is, how it does, what it is to do. */
export const SERVER_OPERATIONS = {
  getVersion: operation("GET", "/version", {
    action: null,
    summary: "Tell that this is a larder, and its version",
    description: "By this a client knows a larder from other registries.",
    answer: versionAnswer,
  }),
  getDocument: operation("GET", "/openapi.json", {
    action: null,
    summary: "Give this document",
    answer: v.record(v.string(), v.unknown()),
  }),
  getHealth: operation("GET", "/health", {
    action: "pull",
    summary: "Tell what may keep larder from its work",
    description: "Takes as long as the slowest upstream registry.",
    answer: health,
  }),
  getStats: operation("GET", "/stats", {
    action: "pull",
    summary: "Give counts since larder started",
    answer: stats,
  }),
  getOffline: operation("GET", "/settings/offline", {
    action: "pull",
    summary: "Is contacting upstream registries forbidden?",
    answer: offlineState,
  }),
  setOffline: operation("PUT", "/settings/offline", {
    action: "administer",
    audited: "offline-switched",
    summary: "Forbid or allow contact with upstream registries, until it is switched again",
    body: offlineState,
    answer: offlineState,
  }),
  collect: operation("POST", "/collections", {
    action: "administer",
    audited: "space-collected",
    summary: "Give back the space of what nothing needs any more",
    body: collectRequest,
    answer: collection,
  }),
  verify: operation("POST", "/verifications", {
    action: "administer",
    audited: "store-verified",
    summary: "Read every file of a blob, or those of some images, and deal with those whose bytes are wrong",
    description:
      "What came from a registry is fetched again at once; what was pushed is set aside until it is pushed again. A file that cannot be read stays. The last line is `done` or `failed`.",
    body: verifyRequest,
    form: "lines",
    answer: verifyProgress,
  }),
  importRegistry: operation("POST", "/imports", {
    action: "administer",
    audited: "registry-imported",
    summary: "Take over the images of another registry's folder, registry:2's or registry:3's",
    description:
      "Larder reads the folder itself, on its machine, and writes nothing to it. Files are compared with their digests, and linked or cloned where they can be. It can be done again, and goes on where it was interrupted. When the client leaves it ends. The last line is `done` or `failed`.",
    body: importRequest,
    form: "lines",
    answer: importProgress,
  }),
} as const;
