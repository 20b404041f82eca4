import { type NotificationEndpoint, SIGNATURE_HEADER } from "./endpoint.ts";
import { type Notice, noticeOf } from "./notice.ts";

/** An endpoint that wants everything that registry:2 tells. */
export function endpointOf(more: Partial<NotificationEndpoint> = {}): NotificationEndpoint {
  return {
    name: "ci",
    url: "http://ci.example/hook",
    headers: {},
    format: "registry2",
    timeoutMs: 1000,
    threshold: 10,
    backoffMs: 1000,
    isDisabled: false,
    caFile: null,
    secretFile: null,
    signatureHeader: SIGNATURE_HEADER,
    kinds: ["push", "pull", "mount", "delete"],
    wantsBlobs: true,
    images: [],
    ignoredMediaTypes: [],
    ...more,
  };
}

/** The notice of an image's push under a tag. */
export function pushOf(tag: string, more: Partial<Notice> = {}): Notice {
  return noticeOf({
    kind: "push",
    atMs: 0,
    repository: "local/team/app",
    tag,
    digest: `sha256:${"a".repeat(64)}`,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    contentBytes: 7,
    ...more,
  });
}
