/**
 * HTTP by hand, for what `fetch` would put right before it sends: dots and slashes in paths, missing headers, bodies
 * that end too early, bytes that are no HTTP at all.
 */
import { connect, type Socket } from "node:net";

const ANSWER_LIMIT_MS = 10_000;
const HEAD_END = "\r\n\r\n";

/** One answer as it came over the wire. */
export type RawReply = {
  /** 0 when the server closed without an answer, or the answer is not HTTP. */
  readonly status: number;
  /** Names in lower case; of repeated headers the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** All bytes, answers to pipelined requests included. */
  readonly wire: Buffer;
};

/** A connection that bytes are written to as they are. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#received.push(Buffer.from(chunk));
      this.#receivedBytes += chunk.length;
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ""));
    // Listeners go on before the connection is there: an early answer must not be missed.
    const connection = new RawConnection(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return connection;
  }

  /** Writes text as Latin-1, so that any byte can be said, or bytes. Resolves when the system has taken them. */
  async write(data: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data, () => resolve());
      // A server that refuses may close while much is still unsent; that is for the reader of the answer to judge.
      this.#socket.once("close", () => resolve());
    });
  }

  /** Stops taking bytes, so that the server sees a slow reader. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes the sending side and keeps reading. */
  end(): void {
    this.#socket.end();
  }

  /** Waits until `enough` holds for the bytes so far, the server closes, or `limitMs` have passed. */
  async read(enough: (wire: Buffer) => boolean, limitMs = ANSWER_LIMIT_MS): Promise<Buffer> {
    await this.#waitFor(() => enough(Buffer.concat(this.#received)), limitMs);
    return Buffer.concat(this.#received);
  }

  /** The answer to the request that was written; a HEAD's has no body. */
  async answer(method = "GET", limitMs = ANSWER_LIMIT_MS): Promise<RawReply> {
    const head = parseAnswer(await this.read((wire) => wire.includes(HEAD_END), limitMs), method);
    const length = head.headers.get("content-length");
    if (length !== undefined && hasBody(head, method)) {
      // Long bodies are counted, not looked at again with each piece.
      const wholeBytes = head.wire.indexOf(HEAD_END) + HEAD_END.length + Number(length);
      await this.#waitFor(() => this.#receivedBytes >= wholeBytes, limitMs);
    }
    const wire = await this.read((bytes) => isWhole(bytes, method), limitMs);
    return parseAnswer(wire, method);
  }

  async #waitFor(enough: () => boolean, limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!enough() && !this.#ended && Date.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Did the server close within `limitMs`? */
  async isClosed(limitMs = 3000): Promise<boolean> {
    await this.read(() => false, limitMs);
    return this.#ended;
  }
}

/** Writes `request` on a connection of its own and returns the first answer. */
export async function sendRaw(url: string, request: string | Uint8Array, limitMs = ANSWER_LIMIT_MS): Promise<RawReply> {
  const connection = await RawConnection.open(url);
  try {
    const text = typeof request === "string" ? request : "";
    void connection.write(request);
    return await connection.answer(text.split(" ")[0], limitMs);
  } finally {
    connection.destroy();
  }
}

/** A request for a path that is sent exactly as it is written here. */
export async function sendPath(
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = "",
): Promise<RawReply> {
  const lines = Object.entries({ Host: new URL(url).host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  if (body !== "" || method === "POST" || method === "PUT") lines.push(`Content-Length: ${body.length}`);
  return await sendRaw(url, `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** The first answer in these bytes. */
export function parseAnswer(wire: Buffer, method: string): RawReply {
  const text = wire.toString("latin1");
  const bodyStart = text.indexOf(HEAD_END);
  const [statusLine = "", ...lines] = text.slice(0, bodyStart < 0 ? undefined : bodyStart).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const rest = bodyStart < 0 || method === "HEAD" ? Buffer.alloc(0) : wire.subarray(bodyStart + 4);
  const length = headers.get("content-length");
  const body = length === undefined ? rest : rest.subarray(0, Number(length));
  return { status, headers, body: isChunked(headers) ? unchunk(rest) : body, wire };
}

function hasBody({ status }: RawReply, method: string): boolean {
  return method !== "HEAD" && status !== 204 && status !== 304;
}

function isWhole(wire: Buffer, method: string): boolean {
  const end = wire.indexOf(HEAD_END);
  if (end < 0) return false;
  const reply = parseAnswer(wire, method);
  if (!hasBody(reply, method)) return true;
  if (isChunked(reply.headers)) return wire.includes("\r\n0\r\n\r\n", end) || wire.includes("\r\n\r\n0\r\n\r\n", end);
  return reply.body.length >= Number(reply.headers.get("content-length") ?? Number.POSITIVE_INFINITY);
}

function isChunked(headers: ReadonlyMap<string, string>): boolean {
  return headers.get("transfer-encoding")?.toLowerCase() === "chunked";
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const length = lineEnd < 0 ? 0 : Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}
