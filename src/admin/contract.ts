/**
 * The admin API as a contract: what the command line, the page and programs ask a larder for, beyond the distribution API.
 * Everything else comes from this table: the types, the router, the client, the document (`openapi.ts`).
 *
 * A body is JSON, and said to be so: another Content-Type is refused, since a page of any site could send it to a larder on
 * its reader's machine. What fails is told as a problem (`problem.ts`).
 */
import * as v from "valibot";
import {
  auditPage,
  auditQuery,
  newToken,
  pageQuery,
  putUser,
  removedUser,
  revokedToken,
  tokenName,
  tokenPage,
  tokenRequest,
  userName,
  userPage,
  userRequest,
} from "./account-schemas.ts";
import { ruleAnswer, ruleList, ruleQuestion } from "./access-schemas.ts";
import { backupBlobQuery, backupBlobs, backupFileName, backupId, backupProgress } from "./backup-schemas.ts";
import { count, imageName } from "./basic-schemas.ts";
import { authorityAnswer, programList, targetFiles, targetList, targetName, targetQuery } from "./client-schemas.ts";
import { DISCOVERY_BODY_BYTES, discoveryLine, discoveryQuery } from "./discovery-schemas.ts";
import {
  imagePartQuery,
  layerFilePage,
  layerFileQuery,
  layerSharing,
  layerText,
  layerTextQuery,
  referrerPage,
  referrerQuery,
  statementList,
} from "./content-schemas.ts";
import {
  adoptRequest,
  adoption,
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
  verifyProgress,
  verifyRequest,
} from "./image-schemas.ts";
import {
  fetchJob,
  fetchJobDetails,
  fetchJobId,
  fetchJobList,
  fetchJobQuery,
  fetchJobRequest,
} from "./fetch-job-schemas.ts";
import {
  dropAnswer,
  dropRequest,
  endpointList,
  givenUpNumber,
  givenUpPage,
  givenUpQuery,
  notificationBody,
  notificationExamples,
  retryAnswer,
  retryRequest,
  testAnswer,
  testRequest,
} from "./notification-schemas.ts";
import { importProgress, importRequest } from "./import-schemas.ts";
import { pinChange, pinList, pinRequest, pinText } from "./hold-schemas.ts";
import {
  recording,
  recordingList,
  recordingName,
  recordingPage,
  recordingQuery,
  recordingRequest,
  removedRecording,
} from "./recording-schemas.ts";
import { imageSpacePage, imageSpaceQuery, nextEvictions, nextQuery, space } from "./space-schemas.ts";
import { history, historyQuery, nodePage, nodeQuery, upstreamList } from "./activity-schemas.ts";
import { eventPage, eventQuery, liveMessage, watchQuery } from "./live-schemas.ts";
import {
  foundImages,
  foundNamespaces,
  foundRepositories,
  imageSearchQuery,
  namespaceQuery,
  repositorySearchQuery,
} from "./search-schemas.ts";
import { type Operation, operation } from "./operation.ts";
import { collection, collectRequest, health, offlineState, stats, versionAnswer } from "./server-schemas.ts";
import { retentionProgress, retentionRequest, untaggedPage, untaggedQuery } from "./retention-schemas.ts";
import {
  endedSession,
  session,
  sessionId,
  sessionPage,
  sessionQuery,
  signedOut,
  signInRequest,
} from "./session-schemas.ts";
import type { Frozen, Shape } from "./shape.ts";

/** The path that all operations of the admin API are below. */
export const ADMIN_PATH = "/api/v1";

const CHECK_BODY_BYTES = 2 << 20;
/** An index, in base64. */
const INDEX_BODY_BYTES = 7 << 20;

const image = { image: imageName } as const;

/** The operations of the admin API, by their ids. */
export const CONTRACT = {
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
  getSession: operation("GET", "/session", {
    action: null,
    summary: "Tell who asks, and what they may",
    description: "Credentials that are nobody's are no error here: `problem` tells of them.",
    answer: session,
  }),
  signIn: operation("POST", "/session", {
    action: null,
    summary: "Sign in to the page, with a name and a password, or with a token",
    description:
      "The answer gives a cookie, which counts for this API alone, from a browser that says for which page it asks. Programs send what they have with each request.",
    body: signInRequest,
    answer: session,
  }),
  signOut: operation("DELETE", "/session", {
    action: null,
    summary: "Sign out of the page",
    description: "The session is over, and the answer takes the cookie away.",
    answer: signedOut,
  }),
  listSessions: operation("GET", "/sessions", {
    action: null,
    summary: "List who is signed in to the page",
    query: sessionQuery,
    answer: sessionPage,
  }),
  endSession: operation("DELETE", "/sessions/{session}", {
    action: null,
    summary: "End a session with the page",
    description: "One's own; that of another takes the action `administer`.",
    parameters: { session: sessionId },
    answer: endedSession,
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
  watch: operation("GET", "/live", {
    action: "pull",
    summary: "Tell what happens, as it happens",
    description:
      "A stream of server-sent events, which ends after some minutes: a browser comes back by itself and goes on where it was, and so does whoever sends `Last-Event-ID`. What was missed meanwhile is told, unless it is too much. Who may not pull from a repository is told nothing of it; who did something, and from where, is told to those who may administer.",
    query: watchQuery,
    form: "events",
    answer: liveMessage,
  }),
  listEvents: operation("GET", "/events", {
    action: "pull",
    summary: "List what happened to images lately, the newest first",
    description:
      "What whoever asks may not pull is left out, so that a page may be shorter than its `limit`; `who` and `from` as in `watch`.",
    query: eventQuery,
    answer: eventPage,
  }),
  getHistory: operation("GET", "/history", {
    action: "pull",
    isWork: true,
    summary: "Tell when what was answered, from disk and from upstream",
    description:
      "Sums of five minutes go back two days, sums of hours ninety: a time that begins earlier is told of by the hour. Times in which nothing was answered are there, with zeros. A larder that is rebuilt from its snapshots begins anew.",
    query: historyQuery,
    answer: history,
  }),
  listUpstreams: operation("GET", "/upstreams", {
    action: "pull",
    summary: "Tell how the upstream registries are, as was seen last",
    description:
      "Answers at once, and has them asked meanwhile when that is long ago; `watch` says when something else came out.",
    answer: upstreamList,
  }),
  listNodes: operation("GET", "/nodes", {
    action: "administer",
    summary: "List who has pulled lately, and with which program",
    description:
      "By address, as trusted proxies tell it; the 5,000 that pulled last. Addresses are people's, so that it takes the right to administer. Pages as in `listImages`.",
    query: nodeQuery,
    answer: nodePage,
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
  listTargets: operation("GET", "/clients", {
    action: null,
    summary: "List the runtimes and tools that can be made to pull from here, and by which ways",
    description: "Everything is written for the address that the question came to, as below `/client/`.",
    answer: targetList,
  }),
  getTargetFiles: operation("GET", "/clients/{target}", {
    action: null,
    summary: "Give the files that make a runtime pull from here, and the lines that bring and undo them",
    parameters: { target: targetName },
    query: targetQuery,
    answer: targetFiles,
  }),
  getAuthority: operation("GET", "/authority", {
    action: null,
    summary: "Tell larder's certificate authority, and the fingerprint to know it by",
    answer: authorityAnswer,
  }),
  listPrograms: operation("GET", "/programs", {
    action: null,
    isWork: true,
    summary: "List larder's own programs that machines can fetch here, with their hashes",
    answer: programList,
  }),
  listImages: operation("GET", "/images", {
    action: "pull",
    isWork: true,
    summary: "List images that are here",
    description:
      "A page of tags, in the order asked for; a cached tag that a pushed one covers is left out. Ask again with `next` as `after` until it is null. What comes or goes meanwhile moves nothing else from one page to another; a tag whose time changes while it is listed by time may be told of again.",
    query: imageQuery,
    answer: imagePage,
  }),
  searchImages: operation("GET", "/search/images", {
    action: "pull",
    isWork: true,
    summary: "Find images by words, from any place on, and tell how many there are",
    description:
      "For who looks at a list and types: a covered cached tag, and those of signatures, are left out. What comes or goes meanwhile moves what stands behind it; `listImages` goes through all without that.",
    query: imageSearchQuery,
    answer: foundImages,
  }),
  searchRepositories: operation("GET", "/search/repositories", {
    action: "pull",
    isWork: true,
    summary: "Find repositories by words that their images hold, from any place on",
    description: "As `searchImages`, a line a repository.",
    query: repositorySearchQuery,
    answer: foundRepositories,
  }),
  listNamespaces: operation("GET", "/namespaces", {
    action: "pull",
    isWork: true,
    summary: "List the registries that images here are from, with how many there are of each",
    description: "With filters as in `searchImages`: of what they mean alone.",
    query: namespaceQuery,
    answer: foundNamespaces,
  }),
  getImage: operation("GET", "/images/{image}", {
    action: "pull",
    isWork: true,
    summary: "Show what is here of an image",
    description: "Upstream is never asked. The name may be percent-encoded, or stand in the path with its slashes.",
    parameters: image,
    answer: inspectedImage,
  }),
  listLayerSharing: operation("GET", "/layer-sharing/{image}", {
    action: "pull",
    isWork: true,
    summary: "Tell which other images have the layers of an image",
    description: "Of one platform's image, or of an artifact; an index has no layers. The name as in `getImage`.",
    parameters: image,
    answer: layerSharing,
  }),
  listLayerFiles: operation("GET", "/layer-files/{image}", {
    action: "pull",
    isWork: true,
    summary: "List what one folder of a layer holds",
    description:
      "The layer is unpacked while it is read, within bounds: `reading` tells how far it was read, and why no further. What was read is remembered for a while. The name as in `getImage`.",
    parameters: image,
    query: layerFileQuery,
    answer: layerFilePage,
  }),
  readLayerText: operation("GET", "/layer-texts/{image}", {
    action: "pull",
    isWork: true,
    summary: "Give the beginning of a text file of a layer",
    parameters: image,
    query: layerTextQuery,
    answer: layerText,
  }),
  readImagePart: operation("GET", "/image-parts/{image}", {
    action: "pull",
    summary: "Give the config or a layer of an image, byte for byte",
    description: "Of what is here alone: upstream is never asked. The name as in `getImage`.",
    parameters: image,
    query: imagePartQuery,
    form: "bytes",
    answer: v.pipe(v.string(), v.description("the content, from its beginning on")),
  }),
  listReferrers: operation("GET", "/referrers/{image}", {
    action: "pull",
    isWork: true,
    summary: "List what refers to an image: signatures, bills of materials, attestations",
    description:
      "What names it as its subject, what the referrers tag lists, and what cosign's tags lead to; of what is here. The name as in `getImage`.",
    parameters: image,
    query: referrerQuery,
    answer: referrerPage,
  }),
  listStatements: operation("GET", "/statements/{image}", {
    action: "pull",
    isWork: true,
    summary: "Give what signatures and attestations say, undone from their envelopes",
    description:
      "The image is one of `listReferrers`, by its digest. Nothing is verified here: `checkSignatures` does that. The name as in `getImage`.",
    parameters: image,
    answer: statementList,
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
  startFetchJob: operation("POST", "/fetch-jobs", {
    action: "administer",
    audited: "fetch-job-started",
    summary: "Bring a list of images here, whoever watches",
    description:
      "It goes on when the client leaves. Images that are here whole are passed over; where a registry wants to be left alone for some time, its images wait. When larder ends, the job is interrupted, until it is retried.",
    body: fetchJobRequest,
    bodyLimitBytes: CHECK_BODY_BYTES,
    answer: fetchJob,
  }),
  listFetchJobs: operation("GET", "/fetch-jobs", {
    action: "administer",
    summary: "List fetch jobs, the newest first",
    answer: fetchJobList,
  }),
  getFetchJob: operation("GET", "/fetch-jobs/{job}", {
    action: "administer",
    summary: "Tell how a fetch job goes, and what became of its images",
    parameters: { job: fetchJobId },
    query: fetchJobQuery,
    answer: fetchJobDetails,
  }),
  retryFetchJob: operation("POST", "/fetch-jobs/{job}/retries", {
    action: "administer",
    audited: "fetch-job-retried",
    summary: "Try again what a job has not brought: what failed, was cancelled or interrupted",
    parameters: { job: fetchJobId },
    body: v.strictObject({}),
    answer: fetchJob,
  }),
  cancelFetchJob: operation("POST", "/fetch-jobs/{job}/cancellations", {
    action: "administer",
    audited: "fetch-job-cancelled",
    summary: "Begin nothing more of a job",
    description: "What is on its way comes to its end, and is there for who wants it next.",
    parameters: { job: fetchJobId },
    body: v.strictObject({}),
    answer: v.object({ isCancelled: v.pipe(v.boolean(), v.description("false: it is not being done")) }),
  }),
  removeFetchJob: operation("DELETE", "/fetch-jobs/{job}", {
    action: "administer",
    audited: false,
    summary: "Forget a job; one that is being done is cancelled",
    parameters: { job: fetchJobId },
    answer: v.object({ isRemoved: v.pipe(v.boolean(), v.description("false: there was none")) }),
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
  getSpace: operation("GET", "/space", {
    action: "administer",
    isWork: true,
    summary: "Tell what takes the space, as a whole",
    description: "A million blobs take some seconds.",
    answer: space,
  }),
  listImageSpace: operation("GET", "/space/images", {
    action: "administer",
    isWork: true,
    summary: "Tell what images take, and what their going would give back",
    query: imageSpaceQuery,
    answer: imageSpacePage,
  }),
  listNextEvictions: operation("GET", "/space/next", {
    action: "administer",
    isWork: true,
    summary: "List the cached images that would be evicted next, in order",
    query: nextQuery,
    answer: nextEvictions,
  }),
  listPins: operation("GET", "/pins", {
    action: "administer",
    summary: "List what is never given up by itself",
    answer: pinList,
  }),
  addPin: operation("POST", "/pins", {
    action: "administer",
    audited: "pin-added",
    summary: "Keep images, whatever becomes of the disk",
    description:
      "What a pin holds is never evicted, and no rule removes it; people may. It need not be here yet. A pin without a tag holds all tags of the names, and what has none.",
    body: pinRequest,
    answer: pinChange,
  }),
  removePin: operation("DELETE", "/pins/{pin}", {
    action: "administer",
    audited: "pin-removed",
    summary: "Take a pin away",
    description: "The text as in `addPin`; it may be percent-encoded, or stand in the path with its slashes.",
    parameters: { pin: pinText },
    answer: pinChange,
  }),
  listRecordings: operation("GET", "/recordings", {
    action: "administer",
    summary: "List recordings: what was pulled while they ran",
    answer: recordingList,
  }),
  startRecording: operation("POST", "/recordings", {
    action: "administer",
    audited: "recording-started",
    summary: "Record from now on what is pulled",
    description:
      "What a recording holds is never evicted, and no rule removes it; people may. A pull is in it within a second, and what was asked for by HEAD alone counts. A name is used once, unless `append` says that one which has been goes on.",
    body: recordingRequest,
    answer: recording,
  }),
  stopRecording: operation("POST", "/recordings/{name}/stop", {
    action: "administer",
    audited: "recording-stopped",
    summary: "End a recording; what it holds stays",
    description: "All that was pulled until now is in it, durably. One that has ended stays as it is.",
    parameters: { name: recordingName },
    body: v.strictObject({}),
    answer: recording,
  }),
  getRecording: operation("GET", "/recordings/{name}", {
    action: "administer",
    summary: "List what is in a recording",
    description: "A page of images, in the order of names and tags. Ask again with `next` as `after` until it is null.",
    parameters: { name: recordingName },
    query: recordingQuery,
    answer: recordingPage,
  }),
  removeRecording: operation("DELETE", "/recordings/{name}", {
    action: "administer",
    audited: "recording-removed",
    summary: "Remove a recording that has ended: what it held may be evicted",
    parameters: { name: recordingName },
    answer: removedRecording,
  }),
  listEndpoints: operation("GET", "/notifications", {
    action: "administer",
    summary: "List who is notified of what happens, and how that goes",
    answer: endpointList,
  }),
  listGivenUp: operation("GET", "/notifications/given-up", {
    action: "administer",
    summary: "List notifications that were given up, the newest first",
    query: givenUpQuery,
    answer: givenUpPage,
  }),
  getGivenUp: operation("GET", "/notifications/given-up/{number}", {
    action: "administer",
    summary: "Show what an endpoint was to be sent, of a notification that was given up",
    parameters: { number: givenUpNumber },
    answer: notificationBody,
  }),
  listExamples: operation("GET", "/notifications/examples", {
    action: "administer",
    summary: "Show what happened last as CloudEvents, as an endpoint would be sent them",
    description: "What is not kept with an event, such as the client's user agent, is missing here.",
    answer: notificationExamples,
  }),
  testEndpoint: operation("POST", "/notifications/tests", {
    action: "administer",
    audited: "notifications-tested",
    summary: "Send an endpoint something that means nothing, and tell whether it took it",
    description:
      "It is sent at once, once, and past what waits: a CloudEvent of the type `larder.test`, or an envelope without events.",
    body: testRequest,
    answer: testAnswer,
  }),
  retryNotifications: operation("POST", "/notifications/retries", {
    action: "administer",
    audited: "notifications-retried",
    summary: "Try at once what waits, and let what was given up wait again",
    body: retryRequest,
    answer: retryAnswer,
  }),
  dropNotifications: operation("POST", "/notifications/removals", {
    action: "administer",
    audited: "notifications-removed",
    summary: "Remove notifications that were given up, or all",
    body: dropRequest,
    answer: dropAnswer,
  }),
  listRules: operation("GET", "/rules", {
    action: "administer",
    summary: "List the rules as they hold now",
    answer: ruleList,
  }),
  testRule: operation("POST", "/rules/tests", {
    action: "administer",
    audited: false,
    summary: "May somebody do something, and which rule says so?",
    description: "Nothing is looked at but rules and grants: who it is has to be proved all the same when it is done.",
    body: ruleQuestion,
    answer: ruleAnswer,
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
  listUsers: operation("GET", "/users", {
    action: "administer",
    summary: "List users",
    query: pageQuery,
    answer: userPage,
  }),
  putUser: operation("PUT", "/users/{name}", {
    action: "administer",
    audited: false,
    summary: "Add a user, or give one another password or other grants",
    description: "With the first user or token rules begin to count, at once.",
    parameters: { name: userName },
    body: userRequest,
    answer: putUser,
  }),
  removeUser: operation("DELETE", "/users/{name}", {
    action: "administer",
    audited: false,
    summary: "Remove a user",
    parameters: { name: userName },
    answer: removedUser,
  }),
  listTokens: operation("GET", "/tokens", {
    action: "administer",
    summary: "List tokens, those too that have expired or were revoked lately",
    query: pageQuery,
    answer: tokenPage,
  }),
  createToken: operation("POST", "/tokens", {
    action: "administer",
    audited: false,
    summary: "Make a token for a program",
    description: "Only its hash is kept: the answer is the one place where it is told.",
    body: tokenRequest,
    answer: newToken,
  }),
  revokeToken: operation("DELETE", "/tokens/{token}", {
    action: "administer",
    audited: false,
    summary: "Revoke a token",
    parameters: { token: tokenName },
    answer: revokedToken,
  }),
  listAudit: operation("GET", "/audit", {
    action: "administer",
    isWork: true,
    summary: "List who changed what, the newest first",
    query: auditQuery,
    answer: auditPage,
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
} as const satisfies Readonly<Record<string, Operation>>;

/** The id of an operation. */
export type OperationId = keyof typeof CONTRACT;

type Table = typeof CONTRACT;
type IdOf<Form> = { [Id in OperationId]: Table[Id]["form"] extends Form ? Id : never }[OperationId];
/** The ids of operations that answer with one document. */
export type DocumentId = IdOf<"document">;
/** The ids of operations that answer with one line after another. */
export type LinesId = IdOf<"lines">;
/** The ids of operations that answer with events, for as long as the client listens. */
export type EventsId = IdOf<"events">;
/** The ids of operations that answer with bytes. */
export type BytesId = IdOf<"bytes">;

type In<Entries extends v.ObjectEntries> = v.InferInput<v.ObjectSchema<Entries, undefined>>;
type Out<Entries extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>;
type BodyIn<Body> = Body extends v.GenericSchema ? v.InferInput<Body> : unknown;
type BodyOut<Body> = Body extends v.GenericSchema ? v.InferOutput<Body> : unknown;

/** Bytes as somebody has them who sends them. */
type Sent<Upload> = Upload extends string ? { readonly upload: Blob | ReadableStream<Uint8Array> } : unknown;
/** Bytes as they come. */
type Received<Upload> = Upload extends string ? { readonly upload: AsyncIterable<Uint8Array> } : unknown;

/** What a client sends to an operation: path parameters, query and body in one object, since their names differ. */
export type RequestOf<Id extends OperationId> = Frozen<
  In<Table[Id]["parameters"]> & In<Table[Id]["query"]> & BodyIn<Table[Id]["body"]>
> &
  Sent<Table[Id]["upload"]>;

/** The input of an operation's function: the request, with the defaults for what was left out. */
export type InputOf<Id extends OperationId> = Frozen<
  Out<Table[Id]["parameters"]> & Out<Table[Id]["query"]> & BodyOut<Table[Id]["body"]>
> &
  Received<Table[Id]["upload"]>;

/** The answer of an operation: its document, or one of its lines. */
export type AnswerOf<Id extends OperationId> = Shape<Table[Id]["answer"]>;
