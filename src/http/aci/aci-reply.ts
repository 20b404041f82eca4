import { AciError } from "../../aci/aci-error.ts";
import { parseRangeHeader } from "../../lib/text/byte-range.ts";
import { ERROR_STATUS, RegistryError } from "../../oci/registry-error.ts";

/** A file to send. `tag` changes with its content. */
export type SentFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly tag: string;
  readonly contentType: string;
};

/**
 * A tag may move: clients ask again after a minute, and `If-None-Match` costs them nothing. `no-transform` because the
 * bytes are hashed and signed: a Content-Encoding would not be undone by those who verify them.
 */
const CACHING = "public, max-age=60, no-transform";
/** An image that cannot be an ACI: the request was well understood (RFC 9110, section 15.5.21). */
const UNPROCESSABLE = 422;
const RETRY_AFTER_SECONDS = "5";

/** The answer to GET and HEAD for a file: whole, the range asked for, or that the client has it already. */
export function fileReply(request: Request, { path, sizeBytes, tag, contentType }: SentFile): Response {
  const headers: Record<string, string> = {
    "Accept-Ranges": "bytes",
    "Cache-Control": CACHING,
    "Content-Type": contentType,
    // Without a disposition of ours, Bun would add one with the name that the file has here.
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
    ETag: `"${tag}"`,
  };
  if (isKnown(request, tag)) return new Response(null, { status: 304, headers });
  if (request.method === "HEAD") {
    return new Response(null, { headers: { ...headers, "Content-Length": String(sizeBytes) } });
  }
  const condition = request.headers.get("if-range");
  const isCurrent = condition === null || condition === `"${tag}"`;
  const range = isCurrent ? parseRangeHeader(request.headers.get("range"), sizeBytes) : null;
  if (range === "unsatisfiable") {
    const error = new RegistryError("RANGE_INVALID", `the range is not within the ${sizeBytes} bytes of the file`);
    return failureReply(error, { "Content-Range": `bytes */${sizeBytes}` });
  }
  const file = Bun.file(path);
  if (range === null) return new Response(file, { headers });
  const contentRange = `bytes ${range.start}-${range.end - 1}/${sizeBytes}`;
  const part = file.slice(range.start, range.end);
  return new Response(part, { status: 206, headers: { ...headers, "Content-Range": contentRange } });
}

/** A small text that clients may keep for a minute. */
export function textReply(text: string, contentType = "text/plain; charset=utf-8"): Response {
  return new Response(text, {
    headers: { "Content-Type": contentType, "Cache-Control": CACHING, "X-Content-Type-Options": "nosniff" },
  });
}

/** A signature that is being made: clients fetch the ACI and ask again (appc/spec 0.8.11, spec/discovery.md). */
export function notYetReply(): Response {
  return new Response("larder: the ACI is being made; fetch it, then ask for its signature again\n", {
    status: 202,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      "Retry-After": RETRY_AFTER_SECONDS,
    },
  });
}

/** What went wrong, in a line for the person who reads what curl prints. Of larder's own faults nothing is told. */
export function failureReply(error: unknown, headers: Record<string, string> = {}): Response {
  const isTold = error instanceof RegistryError || error instanceof AciError;
  const status = error instanceof RegistryError ? ERROR_STATUS[error.code] : isTold ? UNPROCESSABLE : 500;
  const message = isTold ? error.message : "larder failed to answer; its log says why";
  const retry = status === 429 || status === 503 ? { "Retry-After": RETRY_AFTER_SECONDS } : {};
  return new Response(`larder: ${message}\n`, {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...retry,
      ...headers,
    },
  });
}

/** RFC 9110, section 13.1.2. */
function isKnown(request: Request, tag: string): boolean {
  const header = request.headers.get("if-none-match");
  return header !== null && header.split(",").some((one) => ["*", `"${tag}"`].includes(one.trim().replace(/^W\//, "")));
}
