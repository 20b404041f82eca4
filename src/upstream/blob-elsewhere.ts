import type { Digest } from "../oci/digest.ts";
import { blobOf, contentLength, rangeFrom } from "./blob-body.ts";
import type { BlobElsewhere, BlobRead, RequestOptions } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { holdToLength } from "./transport/response-body.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";

/** Descriptors name one or two. */
const URLS_LIMIT = 4;
const LONGEST_URL = 4096;

/**
 * Opens a blob at the first of the URLs of its descriptor that has it, as long as it should be. Each is asked as a redirect
 * of `server` would be: over http or https, without credentials, and under the address rules of its registry. Null: there
 * is no URL that could be asked. Throws the last URL's failure when none has it.
 */
export async function readElsewhere(
  server: RegistryServer,
  digest: Digest,
  { urls, sizeBytes }: BlobElsewhere,
  options: RequestOptions & { readonly offset?: number },
): Promise<BlobRead | null> {
  let failure: UpstreamError | null = null;
  for (const url of urls.slice(0, URLS_LIMIT).map(readUrl)) {
    if (url === null) continue;
    try {
      return await openAt(server, url, sizeBytes, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof UpstreamError)) throw error;
      failure = error;
    }
  }
  if (failure === null) return null;
  const what = `the blob ${digest} is not given away by its registry, and could not be had from elsewhere`;
  throw new UpstreamError(failure.failure, `${what}: ${failure.message}`, { cause: failure });
}

async function openAt(
  server: RegistryServer,
  url: URL,
  sizeBytes: number,
  options: RequestOptions & { readonly offset?: number },
): Promise<BlobRead> {
  const { offset = 0, signal, requestId } = options;
  const response = await server.readElsewhere(url, { headers: rangeFrom(offset), signal, requestId });
  insistOnStatus(response, "GET", offset === 0 ? [200] : [200, 206]);
  const read = await blobOf(response, offset, () => {});
  const what = describeRequest("GET", response.url);
  if (read.totalBytes !== null && read.totalBytes !== sizeBytes) {
    await read.body.cancel();
    throw new UpstreamError({ kind: "protocol" }, `${what} has ${read.totalBytes} bytes, not ${sizeBytes}`);
  }
  if (contentLength(response.headers) !== null) return { ...read, totalBytes: sizeBytes };
  const body = holdToLength(read.body, sizeBytes - read.offset, what, () => {});
  return { ...read, body, totalBytes: sizeBytes };
}

/** Null for what is no URL of the web; user names and passwords in it are dropped. */
function readUrl(text: string): URL | null {
  const url = text.length > LONGEST_URL ? null : URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null;
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}
