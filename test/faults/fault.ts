/** What an upstream may do to a request. Bytes count from where the answer's body begins. */
export type Fault =
  /** Answers with this status instead. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Says nothing until `release` is called. */
  | { readonly kind: "hang" }
  /** Breaks the connection without an answer. */
  | { readonly kind: "drop" }
  /** Sends so much of the body, and the rest when `release` is called. */
  | { readonly kind: "pause"; readonly afterBytes: number }
  /** Sends so much of the body and breaks the connection. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Sends the body in pieces, the first at once and one more whenever `release` is called. */
  | { readonly kind: "steps"; readonly pieceBytes: number }
  /** Sends other bytes of the same length. */
  | { readonly kind: "wrong bytes" }
  /** Says that the body is longer (shorter, when negative) than what it sends. */
  | { readonly kind: "wrong length"; readonly byBytes: number }
  /** Does not say how long the body is, be it for HEAD or GET. */
  | { readonly kind: "no length" }
  /** Knows no ranges. */
  | { readonly kind: "no ranges" }
  /** Answers 307. */
  | { readonly kind: "redirect"; readonly to: string };

/** An answer before anything bad happens to it. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/** How an answer goes over the wire: its header, its body, and what happens on the way. */
export type Delivery = {
  readonly header: string;
  readonly body: Uint8Array;
  /** Bodies are sent in pieces of this size. */
  readonly pieceBytes: number;
  /** Does it wait before each piece but the first? */
  readonly waitsBetween: boolean;
  /** After so many bytes of the body it stops for a while, or for good. */
  readonly stop: { readonly afterBytes: number; readonly how: "wait" | "break" } | null;
  readonly closes: boolean;
};

const PIECE_BYTES = 256 * 1024;

/** The delivery of an answer to a request of `method` under these faults. */
export function deliver(answer: Answer, method: string, faults: readonly Fault[]): Delivery {
  let { body } = answer;
  let statedBytes: number | null = body.byteLength;
  let [pieceBytes, waitsBetween] = [PIECE_BYTES, false];
  let stop: Delivery["stop"] = null;
  for (const fault of faults) {
    if (fault.kind === "wrong bytes") body = body.map((byte) => byte ^ 0xff);
    if (fault.kind === "wrong length") statedBytes = body.byteLength + fault.byBytes;
    if (fault.kind === "no length") statedBytes = null;
    if (fault.kind === "steps") [pieceBytes, waitsBetween] = [fault.pieceBytes, true];
    if (fault.kind === "pause") stop = { afterBytes: fault.afterBytes, how: "wait" };
    if (fault.kind === "cut") stop = { afterBytes: fault.afterBytes, how: "break" };
  }
  const closes = statedBytes !== body.byteLength;
  const headers = {
    ...answer.headers,
    ...(statedBytes === null ? {} : { "Content-Length": String(statedBytes) }),
    ...(closes ? { Connection: "close" } : {}),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return {
    header: `HTTP/1.1 ${answer.status} Status\r\n${lines.join("")}\r\n`,
    body: method === "HEAD" ? new Uint8Array() : body,
    pieceBytes,
    waitsBetween,
    stop,
    closes,
  };
}

/** What these faults answer with instead of what was asked for; null when they do not. */
export function replacementOf(faults: readonly Fault[]): Answer | null {
  for (const fault of faults) {
    if (fault.kind === "redirect") return { status: 307, headers: { Location: fault.to }, body: new Uint8Array() };
    if (fault.kind === "status") {
      const { status, headers = {}, body = "" } = fault;
      return { status, headers, body: new TextEncoder().encode(body) };
    }
  }
  return null;
}
