import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Spool, UploadId } from "../../storage/blobs.ts";
import type { Log } from "../../telemetry/log.ts";
import type { BlobRead } from "../../upstream/registry-client.ts";
import { isUpstreamDown } from "../../upstream/transport/upstream-error.ts";
import type { BlobDownload } from "./blob-download.ts";
import { endedEarly, pauseBeforeResumingMs, reopenUpstreamBlob, vanished } from "./open-upstream-blob.ts";
import type { PullContext } from "./origin.ts";
import type { TrafficCounter } from "./traffic.ts";
import type { Upstream, Upstreams } from "./upstreams.ts";

/** A transfer of a blob from upstream into an upload. */
export type Transfer = {
  readonly upstream: Upstream;
  readonly repository: Repository;
  readonly digest: Digest;
  readonly id: UploadId;
  /** The body that upstream has begun to send. */
  readonly opened: BlobRead;
  readonly download: BlobDownload;
  /** As in `PullContext`. */
  readonly origin: Pick<PullContext, "elsewhere">;
};

/** The upload that a transfer writes to, and who is told of its progress. */
export type TransferParts = {
  readonly upstreams: Upstreams;
  readonly spool: Spool;
  readonly traffic: TrafficCounter;
  readonly log: Log;
};

/**
 * Writes a blob to disk as upstream sends it, and resumes after a break at any server of the registry that has it.
 * Throws the last failure when resuming yields nothing; BLOB_UNKNOWN when the registry does not have the blob.
 */
export async function transferBlob(transfer: Transfer, parts: TransferParts): Promise<void> {
  const { upstream, repository, digest, id, opened, download, origin } = transfer;
  const { upstreams, spool, traffic, log } = parts;
  let body: ReadableStream<Uint8Array> | null = opened.body;
  let failures = 0;
  for (let size = opened.offset; size < download.size || body !== null; ) {
    const before = size;
    try {
      body ??= await reopenUpstreamBlob(upstream, repository, digest, size, origin);
      if (body === null) throw vanished(repository, digest, size > opened.offset);
      size = await spool.append(id, download.watch(body, size), download.size, (written) => {
        traffic.fetched(repository.namespace, written - size);
        size = written;
        download.advance(written);
      });
      if (size < download.size) throw endedEarly(repository, digest, size, download.size);
    } catch (error) {
      size = (await spool.size(id)) ?? 0;
      failures = size > before ? 1 : failures + 1;
      const pauseMs = pauseBeforeResumingMs(failures);
      if (!isUpstreamDown(error) || pauseMs === null || upstreams.offline) throw error;
      log.write("info", "a download broke off and is resumed", { blob: digest, at: size, of: download.size });
      await Bun.sleep(pauseMs);
    }
    body = null;
  }
}
