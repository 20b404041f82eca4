import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import { type Digest, parseDigest } from "../../oci/digest.ts";
import { type ErrorCode, RegistryError } from "../../oci/registry-error.ts";
import { parseTag, type Tag } from "../../oci/tag.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { LocatedManifest, Manifests } from "../../registry/pull/manifests.ts";
import type { ManifestReference } from "../../registry/names/manifest-reference.ts";
import type { PullNotes } from "../../registry/pull/pull-notes.ts";
import type { ManifestPushes } from "../../registry/push/manifest-pushes.ts";
import type { FoundManifest } from "../../registry/pull/origin.ts";
import type { Exchange } from "../exchange.ts";
import { chooseForOldClient } from "./old-client.ts";
import { API_HEADERS, type Call } from "./call.ts";
import { warningOf } from "./warning-of.ts";
import { readBody } from "../read-body.ts";
import { isNotModified } from "../send-content.ts";
import { isManifestType, MEDIA_TYPE } from "../../oci/media-type.ts";

/** Clients push manifests up to 4,393,216 bytes; what is larger is no manifest, and is kept out of memory. */
const MANIFEST_LIMIT_BYTES = 4.5 * 1024 * 1024;
/** More tags in one request than any client sends. */
const TAGS_LIMIT = 100;

/** What an upstream that could not be asked is answered with. */
const UNSURE: readonly ErrorCode[] = ["UPSTREAM_UNAVAILABLE", "TOOMANYREQUESTS", "UNAVAILABLE"];

type Parts = {
  readonly manifests: Manifests;
  readonly pushes: ManifestPushes;
  /** Is told of each pull: a runtime that has an image already asks by HEAD alone whether it is current. */
  readonly pulls: Pick<PullNotes, "note">;
};

/**
 * Answers GET, HEAD, PUT and DELETE of `/v2/NAME/manifests/REFERENCE`; a GET of what is in memory at once, without a turn
 * of promises: it is what a fleet of nodes asks most. Source: distribution-spec v1.1.1.
 */
export function answerManifest(
  call: Call,
  repository: Repository,
  referenceText: string,
  parts: Parts,
): Promise<Response> | Response {
  const { exchange, request } = call;
  exchange.record.reference = referenceText;
  const reference = parseReference(referenceText);
  if (request.method === "GET" && reference.kind === "tag") {
    const known = parts.manifests.recall(repository, reference.tag, call.isForAll);
    // An old client's manifest is chosen out of a list.
    if (known !== null && known.manifest.mediaType !== MEDIA_TYPE.dockerList) {
      parts.pulls.note(known.foundIn, known.manifest.digest);
      exchange.record.pulledFrom = known.foundIn;
      return getManifest(exchange, known);
    }
  }
  return answerInTurns(call, repository, reference, parts);
}

async function answerInTurns(
  call: Call,
  repository: Repository,
  reference: ManifestReference,
  { manifests, pushes, pulls }: Parts,
): Promise<Response> {
  const { method } = call.request;
  if (method === "GET" || method === "HEAD") {
    const found = await findManifest(call, repository, reference, manifests);
    // Who asks before a push does not pull.
    if (method === "GET" || pushIntentOf(call.request.headers) !== "push") {
      pulls.note(found.foundIn, found.manifest.digest);
      call.exchange.record.pulledFrom = found.foundIn;
    }
    return getManifest(call.exchange, found);
  }
  if (method === "PUT") return putManifest(call, repository, reference, pushes);
  await manifests.delete(repository, reference, call.exchange);
  return new Response(null, { status: 202, headers: API_HEADERS });
}

/** A colon is in every digest and in no tag. */
function parseReference(text: string): ManifestReference {
  return text.includes(":") ? { kind: "digest", digest: parseDigest(text) } : { kind: "tag", tag: parseTag(text) };
}

/**
 * containerd and BuildKit ask by HEAD before they push, and take anything but "not found" for a reason to stop: a push
 * must not fail because the upstream that might have the tag as well is down. Who may not write is told the truth.
 */
async function findManifest(call: Call, repository: Repository, reference: ManifestReference, manifests: Manifests) {
  const isLook = call.request.method === "HEAD" && reference.kind === "tag";
  // What upstream has would be no answer to a pusher anyway.
  const isHereOnly = isLook && pushIntentOf(call.request.headers) === "push" && (await call.mayPush());
  const context = isHereOnly ? { ...call.context, isHereOnly } : call.context;
  const found = await manifests.get(repository, reference, context).catch(async (error: unknown) => {
    const unsure = error instanceof RegistryError && UNSURE.includes(error.code);
    if (!unsure || !(await call.mayPush())) throw error;
    if (call.request.method !== "HEAD" && !(await isAttachedHere(repository, reference, manifests))) throw error;
    throw new RegistryError("MANIFEST_UNKNOWN", error.message, { cause: error });
  });
  if (reference.kind === "digest") return found;
  if (call.request.method === "HEAD") await assertHeldHere(call, repository, reference.tag, found);
  return chooseForOldClient(call, repository, found, manifests);
}

/**
 * Is it a tag for what is attached to a manifest that is here: `sha256-HEX.sig` and its kin of cosign, `sha256-HEX` of the
 * referrers tag schema? Who signs asks for it by GET, and takes anything but "not found" for a reason to stop.
 */
async function isAttachedHere(
  repository: Repository,
  reference: ManifestReference,
  manifests: Manifests,
): Promise<boolean> {
  const attachment = reference.kind === "tag" ? parseAttachmentTag(reference.tag) : null;
  return attachment?.subject != null && (await manifests.holds(repository, attachment.subject));
}

/**
 * A pusher who hears that a tag is there with just its digest pushes nothing. It is told so only of what the repository
 * itself holds: what larder has under another name, or from upstream, may be gone tomorrow. Throws MANIFEST_UNKNOWN.
 */
async function assertHeldHere(
  call: Call,
  repository: Repository,
  tag: Tag,
  { foundIn, kind }: LocatedManifest,
): Promise<void> {
  const intent = pushIntentOf(call.request.headers);
  const isHeld = foundIn === nameOf(repository) && (kind === "pushed" || intent === "either");
  if (intent === "none" || isHeld || !(await call.mayPush())) return;
  throw new RegistryError(
    "MANIFEST_UNKNOWN",
    `nobody has pushed ${nameOf(repository)}:${tag}; a pull of it is answered`,
  );
}

function getManifest({ request, record }: Exchange, { manifest, warning, fetchedFrom }: LocatedManifest): Response {
  record.source = warning !== null ? "stale" : fetchedFrom === null ? "disk" : "upstream";
  record.upstream = fetchedFrom;
  record.served = manifest;
  const headers = warning === null ? headersOf(manifest) : new Headers(headersOf(manifest));
  if (warning !== null) headers.set("Warning", warningOf(warning));
  if (isNotModified(request, manifest.digest)) return new Response(null, { status: 304, headers });
  if (request.method === "GET") {
    record.bytesOut = manifest.bytes.byteLength;
    return new Response(manifest.bytes as Uint8Array<ArrayBuffer>, { headers });
  }
  return new Response(null, {
    headers: { ...Object.fromEntries(headers), "Content-Length": String(manifest.bytes.byteLength) },
  });
}

/** Made once for each manifest that storage keeps in memory: making them anew takes longer than finding the manifest. */
const HEADERS = new WeakMap<FoundManifest["manifest"], Headers>();

function headersOf(manifest: FoundManifest["manifest"]): Headers {
  const known = HEADERS.get(manifest);
  if (known !== undefined) return known;
  const headers = new Headers({
    ...API_HEADERS,
    "Content-Type": manifest.mediaType,
    "Docker-Content-Digest": manifest.digest,
    ETag: `"${manifest.digest}"`,
  });
  HEADERS.set(manifest, headers);
  return headers;
}

/** `tag=` gives more tags to a manifest that is pushed by digest (distribution-spec main, "Pushing Manifests"). */
async function putManifest(
  call: Call,
  repository: Repository,
  reference: ManifestReference,
  pushes: ManifestPushes,
): Promise<Response> {
  const tags = [...new Set(call.exchange.query.getAll("tag"))].map(parseTag);
  if (tags.length > TAGS_LIMIT) throw new RegistryError("TAG_INVALID", `${tags.length} tags in one request`);
  if (tags.length > 0 && reference.kind === "tag") {
    throw new RegistryError("TAG_INVALID", "the tag parameter goes with a manifest that is pushed by its digest");
  }
  const bytes = await readBody(call.exchange, MANIFEST_LIMIT_BYTES, "manifest");
  const contentType = call.request.headers.get("content-type");
  // What the manifest names may have to be fetched first, which takes as long as it takes.
  call.exchange.allowSlowTransfer();
  const { digest, subject } = await pushes.put(repository, { bytes, contentType, reference, tags }, call.context);
  const headers = new Headers({ ...API_HEADERS, Location: locationOf(call, digest), "Docker-Content-Digest": digest });
  if (subject !== null) headers.set("OCI-Subject", subject);
  for (const tag of tags) headers.append("OCI-Tag", tag);
  return new Response(null, { status: 201, headers });
}

/** Beside the path that was asked for, so that a prefix stays. Relative: a changed host makes clients drop credentials. */
function locationOf(call: Call, digest: Digest): string {
  const ns = call.exchange.query.get("ns");
  return `${call.exchange.path.slice(0, call.exchange.path.lastIndexOf("/"))}/${digest}${ns === null ? "" : `?ns=${encodeURIComponent(ns)}`}`;
}

/**
 * What a HEAD of a tag tells of the client's intent. Some clients ask before they push a tag, and when the digest is
 * theirs they take it for pushed: nothing follows.
 *
 * - `push`: containerd, BuildKit and Docker's containerd store accept the one type of the manifest that they have,
 *   else anything; a pull names all types. go-containerregistry (crane, ko, kaniko) sends nothing that differs; its
 *   readers ask by GET when HEAD fails.
 * - `either`: regclient (regctl, regsync) asks in the same way before it pushes and when it only reads.
 */
type PushIntent = "none" | "either" | "push";

/** Reads the intent from a request's headers. */
function pushIntentOf(headers: Headers): PushIntent {
  const userAgent = headers.get("user-agent") ?? "";
  if (userAgent.includes("go-containerregistry") || acceptsOneType(headers.get("accept") ?? "")) return "push";
  return userAgent.includes("regclient") ? "either" : "none";
}

function acceptsOneType(accept: string): boolean {
  const types = accept.split(",").map((type) => type.trim());
  return types.length === 2 && types[1] === "*/*" && isManifestType(types[0] ?? "");
}
