import { type Digest, digestOf } from "../oci/digest.ts";
import { startWebServer, type WebServer } from "./transport/web-server.fixture.ts";

/** A registry on loopback that takes blobs, and keeps what came of one when a connection breaks. */
export type UploadServer = {
  readonly web: WebServer;
  /** Finished blobs. */
  readonly blobs: Map<string, Uint8Array>;
  /** What each request was: `POST`, `PATCH 100-299`. */
  readonly log: string[];
  /** Forgets the session when a connection breaks. */
  losesSessions: boolean;
  /** So many requests with a body are answered 503 before it is read. */
  failures: number;
  /** As a proxy before it has it: requests with a larger body are answered 413 before it is read; null: no limit. */
  longestBody: number | null;
  /** Where a session is, seen from its path and query. */
  location: (pathAndQuery: string) => string;
};

/** Sessions move: each answer names another `state`, and only the newest is good. */
export function startUploadServer(): UploadServer {
  const sessions = new Map<string, Uint8Array>();
  const upload: UploadServer = {
    web: startWebServer(handle),
    blobs: new Map(),
    log: [],
    losesSessions: false,
    failures: 0,
    longestBody: null,
    location: (pathAndQuery) => pathAndQuery,
  };
  return upload;

  function session(path: string, received: Uint8Array): Record<string, string> {
    const state = crypto.randomUUID();
    sessions.set(state, received);
    const location = upload.location(`${path}?x=%2B%20&state=${state}`);
    return { location, range: `0-${Math.max(received.length - 1, 0)}` };
  }

  async function handle(request: Request): Promise<Response> {
    const { pathname, search, searchParams } = new URL(request.url);
    upload.log.push([request.method, request.headers.get("content-range")].filter((part) => part !== null).join(" "));
    if (request.method === "HEAD") {
      return new Response(null, { status: upload.blobs.has(pathname.split("/").at(-1) ?? "") ? 200 : 404 });
    }
    if (request.method === "POST") {
      return new Response(null, { status: 202, headers: session(`${pathname}1`, new Uint8Array()) });
    }
    const state = searchParams.get("state") ?? "";
    const before = sessions.get(state);
    // A query that was changed on its way is not the session's any more.
    if (before === undefined || !search.startsWith("?x=%2B%20&")) return new Response("", { status: 404 });
    if (request.method === "GET") return new Response(null, { status: 204, headers: session(pathname, before) });
    if (upload.longestBody !== null && (await bodyBytesOf(request)) > upload.longestBody) {
      return new Response("<html><title>413 Request Entity Too Large</title></html>", { status: 413 });
    }
    if (upload.failures > 0) {
      upload.failures -= 1;
      return new Response("", { status: 503 });
    }
    const received = await receive(request, state, before);
    const digest = searchParams.get("digest") as Digest | null;
    if (digest === null) return new Response(null, { status: 202, headers: session(pathname, received) });
    if (digestOf(received) !== digest) return new Response("", { status: 400 });
    upload.blobs.set(digest, received);
    return new Response(null, { status: 201 });
  }

  async function bodyBytesOf(request: Request): Promise<number> {
    const stated = request.headers.get("content-length");
    return stated === null ? (await request.clone().arrayBuffer()).byteLength : Number(stated);
  }

  async function receive(request: Request, state: string, before: Uint8Array): Promise<Uint8Array> {
    const chunks = [before];
    try {
      for await (const chunk of request.body ?? []) chunks.push(chunk);
      sessions.delete(state);
    } catch {
      // The connection broke: what came is there for the one who asks.
      if (upload.losesSessions) sessions.delete(state);
      else sessions.set(state, Buffer.concat(chunks));
    }
    return Buffer.concat(chunks);
  }
}
