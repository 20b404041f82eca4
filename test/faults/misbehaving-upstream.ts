/**
 * A registry on loopback, for pulls alone, that misbehaves on command and remembers what it was asked.
 *
 * It writes its answers to the sockets by itself: no HTTP library would send a wrong length, or half a body.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import {
  type Content,
  contentOf,
  type Image,
  makeIndex,
  type ManifestContent,
} from "../conformance/content-factory.ts";
import { type Answer, type Delivery, deliver, type Fault, replacementOf } from "./fault.ts";
import { agrees, parseRequest, type SeenRequest, type Which } from "./seen-request.ts";
import { write, writeInPieces } from "./write-slowly.ts";

type Rule = { readonly which: Which; readonly faults: readonly Fault[]; times: number };

export class MisbehavingUpstream {
  readonly requests: SeenRequest[] = [];
  /** Sent with every answer. */
  headers: Readonly<Record<string, string>> = {};
  /** Does it know the referrers API? Without, referrers are under the fallback tag. */
  hasReferrersApi = true;
  /** The tags that every repository lists, in this order; null: there is no such repository. */
  tagList: readonly string[] | null = null;
  readonly #content = new Map<string, Content & { readonly mediaType?: string }>();
  readonly #tags = new Map<string, ManifestContent>();
  readonly #referrers = new Map<string, ManifestContent>();
  readonly #rules: Rule[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#take(socket));
  #released = Promise.withResolvers<void>();
  #held = 0;

  private constructor() {}

  static async start(): Promise<MisbehavingUpstream> {
    const upstream = new MisbehavingUpstream();
    await upstream.#listen(0);
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Holds content under its digest, in every repository. */
  add(...contents: readonly (Content | ManifestContent)[]): void {
    for (const content of contents) this.#content.set(content.digest, content);
  }

  /** Holds an image; `tag` leads to it from now on. */
  addImage(image: Image, tag?: string): void {
    this.add(image.manifest, ...image.blobs);
    if (tag !== undefined) this.tag(tag, image.manifest);
  }

  /** Points a tag of every repository to a manifest; null: the tag is gone. */
  tag(tag: string, manifest: ManifestContent | null): void {
    if (manifest === null) this.#tags.delete(tag);
    else {
      this.add(manifest);
      this.#tags.set(tag, manifest);
    }
  }

  /** Forgets content. */
  remove(digest: string): void {
    this.#content.delete(digest);
  }

  /** Says that this index lists what refers to a manifest. */
  refer(subject: string, index: ManifestContent): void {
    this.#referrers.set(subject, index);
    this.tag(subject.replace(":", "-"), index);
  }

  /** From now on the next `times` requests of this sort suffer these faults. Earlier rules go first. */
  misbehave(which: Which, faults: Fault | readonly Fault[], times = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ which, faults: [faults].flat(), times });
  }

  /** Behaves well from now on. What waits goes on. */
  behave(): void {
    this.#rules.length = 0;
    this.release();
  }

  /** Lets all go on that hangs or pauses now. */
  release(): void {
    this.#released.resolve();
    this.#released = Promise.withResolvers();
  }

  /** How many answers wait for `release` now. */
  held(): number {
    return this.#held;
  }

  /** How many requests of this sort came. */
  count(which: Which = {}): number {
    return this.requests.filter((request) => agrees(request, which)).length;
  }

  /** Goes away: nobody listens any more, and all connections are broken. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.release();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    let received = "";
    let busy = Promise.resolve();
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      for (let end = received.indexOf("\r\n\r\n"); end >= 0; end = received.indexOf("\r\n\r\n")) {
        const request = parseRequest(received.slice(0, end));
        received = received.slice(end + 4);
        busy = busy.then(() => this.#answer(socket, request)).catch(() => void socket.destroy());
      }
    });
  }

  async #answer(socket: Socket, request: SeenRequest): Promise<void> {
    this.requests.push(request);
    const faults = this.#faultsFor(request);
    if (faults.some(({ kind }) => kind === "hang")) await this.#hold();
    if (faults.some(({ kind }) => kind === "drop")) return void socket.destroy();
    const answer = replacementOf(faults) ?? this.#find(request, faults);
    const headers = { ...this.headers, ...answer.headers };
    await this.#send(socket, deliver({ ...answer, headers }, request.method, faults));
  }

  async #hold(): Promise<void> {
    this.#held += 1;
    await this.#released.promise;
    this.#held -= 1;
  }

  async #send(socket: Socket, { header, body, pieceBytes, waitsBetween, stop, closes }: Delivery): Promise<void> {
    const between = waitsBetween ? () => this.#hold() : null;
    await write(socket, Buffer.from(header, "latin1"));
    const middle = stop === null ? body.byteLength : Math.min(stop.afterBytes, body.byteLength);
    await writeInPieces(socket, body.subarray(0, middle), pieceBytes, between);
    if (stop?.how === "break") return void socket.destroy();
    if (stop?.how === "wait") await this.#hold();
    await writeInPieces(socket, body.subarray(middle), pieceBytes, between);
    if (closes) socket.end();
  }

  #faultsFor(request: SeenRequest): readonly Fault[] {
    const rule = this.#rules.find(({ which, times }) => times > 0 && agrees(request, which));
    if (rule === undefined) return [];
    rule.times -= 1;
    return rule.faults;
  }

  #find(request: SeenRequest, faults: readonly Fault[]): Answer {
    const { kind, reference } = request;
    if (request.path === "/v2/") return ok(contentOf("{}"), { "Content-Type": "application/json" });
    if (kind === "referrers") {
      if (!this.hasReferrersApi) return NOT_FOUND;
      const index = this.#referrers.get(reference) ?? makeIndex([]);
      return ok(index, { "Content-Type": index.mediaType });
    }
    if (kind === "tags") return this.tagList === null ? NOT_FOUND : pageOf(this.tagList, request);
    const content = this.#tags.get(reference) ?? this.#content.get(reference);
    if (content === undefined) return NOT_FOUND;
    if (kind === "blob") {
      return faults.some((fault) => fault.kind === "no ranges") ? ok(content, {}) : partOf(content, request);
    }
    if (content.mediaType === undefined) return NOT_FOUND;
    return ok(content, { "Content-Type": content.mediaType, "Docker-Content-Digest": content.digest });
  }
}

const NOT_FOUND: Answer = {
  status: 404,
  headers: { "Content-Type": "application/json" },
  body: new TextEncoder().encode(`{"errors":[{"code":"NOT_FOUND","message":"upstream has no such thing"}]}`),
};

function ok(content: Content, headers: Answer["headers"]): Answer {
  return { status: 200, headers, body: content.bytes };
}

/** A page of tags, and where the next one is. */
function pageOf(tags: readonly string[], { path, query }: SeenRequest): Answer {
  const start = tags.indexOf(query.get("last") ?? "") + 1;
  const end = start + Number(query.get("n") ?? tags.length);
  const next = `<${path}?n=${query.get("n")}&last=${tags[end - 1]}>; rel="next"`;
  const body = new TextEncoder().encode(JSON.stringify({ name: path, tags: tags.slice(start, end) }));
  return { status: 200, headers: end < tags.length ? { Link: next } : {}, body };
}

/** The blob, or the rest of it that `Range: bytes=N-` asks for. */
function partOf(content: Content, { headers }: SeenRequest): Answer {
  const start = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1];
  if (start === undefined) return ok(content, {});
  const total = content.bytes.byteLength;
  if (Number(start) >= total) {
    return { status: 416, headers: { "Content-Range": `bytes */${total}` }, body: new Uint8Array() };
  }
  const range = { "Content-Range": `bytes ${start}-${total - 1}/${total}` };
  return { status: 206, headers: range, body: content.bytes.subarray(Number(start)) };
}
