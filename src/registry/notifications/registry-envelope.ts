/**
 * Notifications as registry:2 and :3 send them: an envelope with one event.
 *
 * ```
 * { "events": [{
 *     "id": UUID, "timestamp": RFC 3339, "action": "push" | "pull" | "mount" | "delete",
 *     "target": { "mediaType", "size", "digest", "length", "repository", "fromRepository", "url", "tag", "references" },
 *     "request": { "id", "addr", "host", "method", "useragent" },
 *     "actor": { "name" }, "source": { "addr", "instanceID" } }] }
 * ```
 *
 * What is not known is left out. Of what is deleted there is a digest, or a tag, never both: a tag that goes leaves its manifest.
 * Source: distribution 2.8, notifications, as it was seen on the wire.
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import type { NotificationEndpoint } from "./endpoint.ts";
import { nameForClients, type Notice } from "./notice.ts";
import type { Message, Sender } from "./message.ts";

/** What is in the body, by format. */
export const ENVELOPE_TYPES: Readonly<Record<Exclude<NotificationEndpoint["format"], "cloudevents">, string>> = {
  registry2: "application/vnd.docker.distribution.events.v1+json",
  registry3: "application/vnd.docker.distribution.events.v2+json",
};

/** Makes a notice's envelope. `references` is what its manifest names; null: that is not told. */
export function registryEnvelope(
  format: keyof typeof ENVELOPE_TYPES,
  notice: Notice,
  { addr, instanceId }: Sender,
  references: readonly Descriptor[] | null,
): Message {
  const { id, kind, atMs, request, who, from, requestId } = notice;
  const event = {
    id,
    timestamp: new Date(atMs).toISOString(),
    action: kind,
    target: kind === "delete" ? goneTarget(notice) : target(notice, references),
    request: present({
      id: requestId,
      addr: from,
      host: request?.host,
      method: request?.method,
      useragent: request?.userAgent,
    }),
    actor: present({ name: who }),
    source: { addr, instanceID: instanceId },
  };
  return { contentType: ENVELOPE_TYPES[format], body: JSON.stringify({ events: [event] }) };
}

function goneTarget({ repository, tag, digest }: Notice): object {
  return present({ digest: tag === null ? digest : null, repository: nameOrNull(repository), tag });
}

function target(notice: Notice, references: readonly Descriptor[] | null): object {
  const { repository, lender, tag, digest, mediaType, contentBytes, isBlob, request } = notice;
  const url = request?.repositoryUrl ?? null;
  return present({
    mediaType,
    size: contentBytes,
    digest,
    length: contentBytes,
    repository: nameOrNull(repository),
    fromRepository: nameOrNull(lender),
    url: url === null ? null : `${url}/${isBlob ? "blobs" : "manifests"}/${digest}`,
    tag,
    references: references?.map(({ mediaType: type, size, digest: of }) => ({ mediaType: type, size, digest: of })),
  });
}

function nameOrNull(repository: string | null): string | null {
  return repository === null ? null : nameForClients(repository);
}

function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
