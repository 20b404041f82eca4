/** Pushes blobs of random bytes: a POST and a PUT each, or a POST, a PATCH and a PUT as most clients do. */
import { createHash, randomFillSync } from "node:crypto";
import { jobOfProcess, reportResult, runLoad } from "./run-load.ts";

export type PushWay = "put" | "patch";

type PushJob = {
  readonly registry: string;
  readonly repository: string;
  readonly blobs: number;
  readonly bytes: number;
  readonly connections: number;
  readonly way: PushWay;
};

/** The time without that of making the blobs. */
export type PushResult = { readonly wallMs: number };

type Blob = { readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: string };

/** Runs it as a process of its own. */
export async function push(job: PushJob): Promise<PushResult> {
  return (await runLoad("push", job)) as PushResult;
}

async function pushBlob({ registry, repository, way }: PushJob, { bytes, digest }: Blob): Promise<void> {
  const begun = await send(`${registry}/v2/${repository}/blobs/uploads/`, "POST", null, 202);
  let session = sessionOf(begun, registry);
  if (way === "patch") session = sessionOf(await send(session.href, "PATCH", bytes, 202), registry);
  session.searchParams.set("digest", digest);
  await send(session.href, "PUT", way === "put" ? bytes : null, 201);
}

async function send(url: string, method: string, body: Uint8Array<ArrayBuffer> | null, expected: number) {
  const headers = { "content-type": "application/octet-stream" };
  const response = await fetch(url, { method, body, headers, timeout: false } as RequestInit);
  const text = await response.text();
  if (response.status !== expected) throw new Error(`status ${response.status} of ${method} ${url}: ${text}`);
  return response;
}

function sessionOf(response: Response, registry: string): URL {
  return new URL(response.headers.get("location") ?? "", registry);
}

function makeBlob(size: number): Blob {
  const bytes = randomFillSync(new Uint8Array(size));
  return { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}

async function main(job: PushJob): Promise<PushResult> {
  const queue = Array.from({ length: job.blobs }, () => makeBlob(job.bytes));
  const startedMs = performance.now();
  const work = async () => {
    for (let blob = queue.pop(); blob !== undefined; blob = queue.pop()) await pushBlob(job, blob);
  };
  await Promise.all(Array.from({ length: job.connections }, work));
  return { wallMs: performance.now() - startedMs };
}

if (import.meta.main) reportResult(await main(jobOfProcess() as PushJob));
