import { imageName } from "./basic-schemas.ts";
import { DISCOVERY_BODY_BYTES, discoveryLine, discoveryQuery } from "./discovery-schemas.ts";
import {
  adoption,
  adoptRequest,
  checkAnswer,
  checkRequest,
  fetchProgress,
  fetchRequest,
  imagePage,
  imageQuery,
  inspectedImage,
  removal,
  removalQuery,
  signatureReport,
} from "./image-schemas.ts";
import { retentionProgress, retentionRequest, untaggedPage, untaggedQuery } from "./retention-schemas.ts";
import { operation } from "./operation.ts";

const CHECK_BODY_BYTES = 2 << 20;
/** An index, in base64. */
const INDEX_BODY_BYTES = 7 << 20;
const image = { image: imageName } as const;

/** Operations of the admin API: images: what is here, what is to come here and what is to go. */
export const IMAGE_OPERATIONS = {
  listImages: operation("GET", "/images", {
    action: "pull",
    isWork: true,
    summary: "List images that are here",
    description:
      "A page of tags, in the order asked for; a cached tag that a pushed one covers is left out. Ask again with `next` as `after` until it is null. What comes or goes meanwhile moves nothing else from one page to another; a tag whose time changes while it is listed by time may be told of again.",
    query: imageQuery,
    answer: imagePage,
  }),
  getImage: operation("GET", "/images/{image}", {
    action: "pull",
    isWork: true,
    summary: "Show what is here of an image",
    description: "Upstream is never asked. The name may be percent-encoded, or stand in the path with its slashes.",
    parameters: image,
    answer: inspectedImage,
  }),
  checkSignatures: operation("GET", "/signatures/{image}", {
    action: "pull",
    isWork: true,
    summary: "Tell whether an image has the signatures that the rules require of it",
    description:
      "It is looked up as for a pull, and its signatures are looked for where it comes from. The name as in `getImage`.",
    parameters: image,
    answer: signatureReport,
  }),
  removeImage: operation("DELETE", "/images/{image}", {
    action: "delete",
    summary: "Remove a tag, or a manifest by its digest, and what only it held",
    description:
      "A pushed tag that covers a cached one uncovers it. A manifest that an index lists is not removed by itself: MANIFEST_REFERENCED. The space is given back by a collection. The name as in `getImage`.",
    parameters: image,
    query: removalQuery,
    answer: removal,
  }),
  checkImages: operation("POST", "/checks", {
    action: "pull",
    isWork: true,
    summary: "Are these images here, whole?",
    description:
      "Upstream is never asked. When the images are much work, the answer is for the first ones only: ask for the others again.",
    body: checkRequest,
    bodyLimitBytes: CHECK_BODY_BYTES,
    answer: checkAnswer,
  }),
  discoverImages: operation("POST", "/discoveries", {
    action: "pull",
    summary: "Find the images that manifests, charts and lists name, and tell which of them are here",
    description:
      "The body is a tar of the files, as `tar c FOLDER` writes it. Files that stand in it without a folder are read whatever they are called; in folders the names decide, as for `larder images`. `.larder/set` and `.larder/set-string` in it are values for charts, a line each, as `--set` takes them; the files in `.larder/values/` count as `--values`, in the order of their names. Nothing is fetched: what is elsewhere is told of. Links are passed over, and a path that leads out of the tar refuses it. When the client leaves it ends. The last line is `done` or `failed`.",
    query: discoveryQuery,
    upload: "application/x-tar",
    bodyLimitBytes: DISCOVERY_BODY_BYTES,
    form: "lines",
    answer: discoveryLine,
  }),
  fetchImage: operation("POST", "/fetches", {
    action: "administer",
    audited: false,
    summary: "Bring an image here, with what refers to it",
    description: "The answer begins at once and tells how it goes; the last line is `done` or `failed`.",
    body: fetchRequest,
    form: "lines",
    answer: fetchProgress,
  }),
  adoptImage: operation("POST", "/adoptions", {
    action: "administer",
    audited: false,
    summary: "Make a manifest that was pushed by its digest the cached answer to a tag, if the image has one",
    description:
      "What an index lists and is not here is asked for at its registry when somebody wants it, as of every cached index.",
    body: adoptRequest,
    bodyLimitBytes: INDEX_BODY_BYTES,
    answer: adoption,
  }),
  listUntagged: operation("GET", "/untagged", {
    action: "pull",
    isWork: true,
    summary: "List manifests without a tag, and what becomes of them",
    description:
      "Those that a tag left behind, and those that were put by their digest alone; not what an index lists or what refers to an image, unless it had a tag. Pages as in `listImages`, in the order of names.",
    query: untaggedQuery,
    answer: untaggedPage,
  }),
  applyRetention: operation("POST", "/retentions", {
    action: "administer",
    audited: "retention-applied",
    summary: "Apply the retention rules to pushed tags, or tell what they would remove",
    description: "The answer begins at once; the last line is `done` or `failed`. When the client leaves it ends.",
    body: retentionRequest,
    form: "lines",
    answer: retentionProgress,
  }),
} as const;
