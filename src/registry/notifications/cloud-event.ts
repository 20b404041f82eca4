/**
 * Notifications as CloudEvents in structured JSON, one a request.
 *
 * ```
 * { "specversion": "1.0", "id": UUID, "source": "//HOST:PORT", "type": "larder.image.push", "time": RFC 3339,
 *   "subject": "team/app:v1", "datacontenttype": "application/json",
 *   "data": { "kind", "repository", "tag", "digest", "mediaType", "size", "imageSize", "from", "url", "references",
 *             "actor": { "name", "address" }, "request": { "id", "method", "host", "userAgent" }, "upstream", "problem" } }
 * ```
 *
 * Source: CloudEvents 1.0.2, JSON format and HTTP binding, "structured content mode".
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Message, Sender } from "./message.ts";
import { nameForClients, type Notice } from "./notice.ts";

/** Makes a notice's event. `references` is what its manifest names; null: that is not told. */
export function cloudEvent(notice: Notice, { addr }: Sender, references: readonly Descriptor[] | null): Message {
  const { id, kind, atMs } = notice;
  const event = {
    specversion: "1.0",
    id,
    source: `//${addr}`,
    type: typeOf(notice),
    time: new Date(atMs).toISOString(),
    subject: subjectOf(notice),
    datacontenttype: "application/json",
    data: { kind, ...dataOf(notice, references) },
  };
  return { contentType: "application/cloudevents+json", body: JSON.stringify(event) };
}

function typeOf({ kind, isBlob }: Notice): string {
  if (kind === "upstream-down" || kind === "upstream-up") return `larder.${kind.replace("-", ".")}`;
  return `larder.${isBlob ? "blob" : "image"}.${kind}`;
}

/** Undefined where there is nothing to name: a subject must not be empty. */
function subjectOf({ repository, tag, digest, upstream }: Notice): string | undefined {
  if (upstream !== null) return upstream;
  if (repository === null) return digest ?? undefined;
  const name = nameForClients(repository);
  return tag === null ? (digest === null ? name : `${name}@${digest}`) : `${name}:${tag}`;
}

function dataOf(notice: Notice, references: readonly Descriptor[] | null): object {
  const { repository, lender, tag, digest, isBlob, request, who, from, requestId } = notice;
  const url = notice.kind === "delete" ? null : (request?.repositoryUrl ?? null);
  return present({
    repository: repository === null ? null : nameForClients(repository),
    tag,
    digest,
    mediaType: notice.mediaType,
    size: notice.contentBytes,
    imageSize: isBlob ? null : notice.sizeBytes,
    from: lender === null ? null : nameForClients(lender),
    url: url === null || digest === null ? null : `${url}/${isBlob ? "blobs" : "manifests"}/${digest}`,
    references: references?.map(({ mediaType, size, digest: of }) => ({ mediaType, size, digest: of })),
    actor: nothingOr(present({ name: who, address: from })),
    request: nothingOr(
      present({ id: requestId, method: request?.method, host: request?.host, userAgent: request?.userAgent }),
    ),
    upstream: notice.upstream,
    problem: notice.problem,
  });
}

function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

function nothingOr(fields: object): object | null {
  return Object.keys(fields).length === 0 ? null : fields;
}
