import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest, quoteBriefly } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { LOCAL, looksLikeHost } from "../../oci/repository-name.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Catalog } from "../../registry/images/catalog.ts";
import type { Referrers } from "../../registry/images/referrers.ts";
import { sendText } from "../send-text.ts";
import { API_HEADERS, type Call } from "./call.ts";
import { warningOf } from "./warning-of.ts";

/** How many entries a page has at most, whatever a client asks for; a `Link` leads to the rest. */
export type ListLimits = {
  readonly catalog: number;
  readonly tags: number;
  /** Does the catalog name larder's own repositories without `local/`? */
  readonly bareNames: boolean;
};

/** Without a charset, which clients that compare types would stumble over. */
const JSON_TYPE = { "Content-Type": "application/json" };

/**
 * Answers GET of `/v2/_catalog`, with what whoever asks may pull from. Source: Docker's Registry HTTP API V2, "Listing
 * Repositories".
 */
export async function answerCatalog(call: Call, catalog: Catalog, limits: ListLimits): Promise<Response> {
  const { mayPull, namespace } = call;
  const isBare = limits.bareNames && namespace === null;
  return paged(call, limits.catalog, async ({ after, limit }) => {
    const page = { after: isBare && after !== null ? fullName(after) : after, limit };
    const names = await catalog.repositories(namespace, page, mayPull, call.request.signal);
    const repositories = isBare ? names.map(bareName) : names;
    return { entries: repositories, warning: null, body: (names) => ({ repositories: names }) };
  });
}

const OWN = `${LOCAL}/`;

function bareName(name: string): string {
  return name.startsWith(OWN) ? name.slice(OWN.length) : name;
}

/** What `bareName` was made of: the names of other registries begin with a host. */
function fullName(name: string): string {
  return looksLikeHost(name.split("/")[0] ?? "") ? name : OWN + name;
}

/** Answers GET of `/v2/NAME/tags/list`. Source: distribution-spec v1.1.1, "Listing Tags". */
export async function answerTags(
  call: Call,
  name: string,
  repository: Repository,
  catalog: Catalog,
  most: number,
): Promise<Response> {
  return paged(call, most, async (page) => {
    const { tags: entries, warning } = await catalog.tags(repository, page, call.context);
    return { entries, warning, body: (tags) => ({ name, tags }) };
  });
}

/**
 * Answers GET of `/v2/NAME/referrers/DIGEST` with a page of referrers. Source: distribution-spec v1.1.1, "Listing
 * Referrers".
 */
export async function answerReferrers(
  call: Call,
  repository: Repository,
  digest: string,
  referrers: Referrers,
): Promise<Response> {
  const artifactType = call.exchange.query.get("artifactType") || null;
  const last = call.exchange.query.get("last");
  const question = { artifactType, after: last === null ? null : parseDigest(last) };
  call.exchange.record.reference = digest;
  const page = await referrers.page(repository, parseDigest(digest), question, call.context, call.request.signal);
  const headers: Record<string, string> = { ...API_HEADERS, "Content-Type": MEDIA_TYPE.ociIndex };
  if (page.next !== null) headers["Link"] = nextLink(call, { ...(artifactType && { artifactType }), last: page.next });
  if (artifactType !== null) headers["OCI-Filters-Applied"] = "artifactType";
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: page.descriptors.map(toJson) };
  return sendText(call.exchange, JSON.stringify(index), { headers });
}

function toJson(descriptor: Descriptor): unknown {
  const { platform, ...rest } = descriptor;
  if (platform === undefined) return rest;
  const { osVersion, osFeatures, ...plain } = platform;
  const version = osVersion === undefined ? {} : { "os.version": osVersion };
  const features = osFeatures === undefined ? {} : { "os.features": osFeatures };
  return { ...rest, platform: { ...plain, ...version, ...features } };
}

type Listing = {
  entries: readonly string[];
  /** Why they may not be all; null when they are. */
  warning: string | null;
  body: (entries: readonly string[]) => unknown;
};

/** Asks for one entry more than the page has, to know whether there is a next one. */
async function paged(
  call: Call,
  most: number,
  list: (page: { after: string | null; limit: number }) => Promise<Listing>,
): Promise<Response> {
  const limit = pageSize(call.exchange.query.get("n"), most);
  const { entries, warning, body } = await list({ after: call.exchange.query.get("last"), limit: limit + 1 });
  const shown = entries.slice(0, limit);
  const last = shown.at(-1);
  const link = entries.length > limit && last !== undefined ? { Link: nextLink(call, { n: String(limit), last }) } : {};
  const warned = warning === null ? {} : { Warning: warningOf(warning) };
  if (warning !== null) call.exchange.record.source = "stale";
  const headers = { ...API_HEADERS, ...JSON_TYPE, ...link, ...warned };
  return sendText(call.exchange, JSON.stringify(body(shown)), { headers });
}

function pageSize(text: string | null, most: number): number {
  if (text === null) return most;
  // The largest integers of other languages ask for all that there is.
  if (!/^\d{1,19}$/.test(text)) {
    throw new RegistryError("BAD_REQUEST", `n=${quoteBriefly(text)} is not a number of entries`);
  }
  return Math.min(most, Number(text));
}

function nextLink(call: Call, where: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(where);
  const ns = call.exchange.query.get("ns");
  if (ns !== null) query.set("ns", ns);
  return `<${call.exchange.path}?${query.toString()}>; rel="next"`;
}
