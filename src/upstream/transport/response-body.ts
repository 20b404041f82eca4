import { Pace } from "../../lib/async/pace.ts";
import type { Deadline } from "./deadline.ts";
import { UpstreamError } from "./upstream-error.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** How often is looked whether what is read whole comes fast enough. */
const LOOK_EVERY_MS = 1000;
const DRAINED_BYTES = 64 * 1024;
/** A body that nobody has asked for a piece of for so long was forgotten: it must not take a place for ever. */
const FORGOTTEN_MS = 600_000;

/** What is watched while a response's body is read. `what` is the URL, for messages. */
export type BodyWatch = {
  readonly what: string;
  readonly deadline: Deadline;
  readonly idleTimeoutMs: number;
};

/**
 * A response's body under watch: a pause longer than `idleTimeoutMs` while its reader waits fails as `timeout`, a
 * connection that breaks as `interrupted`. Nothing is read ahead. The deadline is closed when the body ends, fails, is
 * cancelled or is forgotten.
 */
export function watchBody(body: ReadableStream<Uint8Array>, watch: BodyWatch): ReadableStream<Uint8Array> {
  const { what, deadline, idleTimeoutMs } = watch;
  const reader = body.getReader();
  const overdue = (): Error =>
    new UpstreamError(
      { kind: "timeout", waiting: "body" },
      `${what} sent nothing for ${idleTimeoutMs} ms amid its answer`,
    );
  const forgotten = (): Error => new UpstreamError({ kind: "interrupted" }, `nobody read the answer of ${what}`);
  deadline.startLoosely(FORGOTTEN_MS, forgotten);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        deadline.start(idleTimeoutMs, overdue);
        try {
          const next = await reader.read();
          if (next.done) {
            deadline.close();
            controller.close();
          } else {
            deadline.startLoosely(FORGOTTEN_MS, forgotten);
            controller.enqueue(next.value);
          }
        } catch (cause) {
          deadline.close();
          throw deadline.signal.aborted ? deadline.signal.reason : interrupted(what, cause);
        }
      },
      async cancel(reason) {
        deadline.close();
        // Of a connection that has broken meanwhile nobody wants to know any more: the reason to cancel is what counts.
        await reader.cancel(reason).catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * The body, held to its length: one that ends early fails as `interrupted`, one that goes on as `protocol`.
 * `onFailure` is told of each error that the body ends with, cancelling excepted.
 */
export function holdToLength(
  body: ReadableStream<Uint8Array>,
  expectedBytes: number | null,
  what: string,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let received = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await reader.read();
          received += next.value?.byteLength ?? 0;
          if (expectedBytes !== null && received > expectedBytes) {
            throw new UpstreamError(
              { kind: "protocol" },
              `${what} sent more than the ${expectedBytes} bytes it promised`,
            );
          }
          if (next.done) {
            if (expectedBytes !== null && received < expectedBytes) {
              throw interrupted(what, `after ${received} of ${expectedBytes} bytes`);
            }
            controller.close();
          } else {
            controller.enqueue(next.value);
          }
        } catch (error) {
          onFailure(error);
          // The connection is of no use any more; what cancelling it says is of none either.
          reader.cancel(error).catch(() => {});
          throw error;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** How much of a body is taken, and how long it may take to come. `what` is the URL, for messages. */
type BodyLimits = { readonly limitBytes: number; readonly what: string; readonly patienceMs?: number | undefined };

/**
 * Reads a body to its end, and gives each piece to `take`. `limitBytes` at most: a longer one is a `protocol` failure. One
 * that is not there after `patienceMs` and comes more slowly than 16 KiB a second is a `timeout`: each piece in time, it
 * could go on for days. What `take` throws ends the reading.
 */
export async function readPieces(
  body: ReadableStream<Uint8Array>,
  { limitBytes, what, patienceMs }: BodyLimits,
  take: (piece: Uint8Array) => Promise<void> | void,
): Promise<void> {
  const reader = body.getReader();
  const pace = new Pace(patienceMs);
  let length = 0;
  let failure: UpstreamError | null = null;
  // What comes of a connection that is given up is of no interest.
  const letGo = (why: unknown): void => void reader.cancel(why).catch(() => {});
  const timer = setInterval(
    () => {
      if (!pace.isTooSlow(length)) return;
      const message = `${what} sent ${length} bytes in ${pace.elapsedSeconds} s, and not all of its answer`;
      failure ??= new UpstreamError({ kind: "timeout", waiting: "body" }, message);
      letGo(failure);
    },
    Math.min(patienceMs ?? LOOK_EVERY_MS, LOOK_EVERY_MS),
  );
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.byteLength;
      if (length > limitBytes) {
        const message = `${what} sent more than the ${limitBytes} bytes that larder takes`;
        throw new UpstreamError({ kind: "protocol" }, message);
      }
      await take(next.value);
    }
  } catch (error) {
    letGo(error);
    throw failure ?? error;
  } finally {
    clearInterval(timer);
  }
  if (failure !== null) throw failure;
}

/** A body to its end, as `readPieces` reads it. */
export async function readWhole(
  body: ReadableStream<Uint8Array> | null,
  limitBytes: number,
  what: string,
  patienceMs?: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  if (body !== null) await readPieces(body, { limitBytes, what, patienceMs }, (piece) => void pieces.push(piece));
  return Buffer.concat(pieces);
}

/** Reads what nobody wants to know, so that its connection can be used again; gives up on a body that is long or broken. */
export async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  try {
    await readWhole(body, DRAINED_BYTES, "");
  } catch {
    // The connection is lost, the answer was not wanted.
  }
}

/** `body` without its first `count` bytes. For a server that ignored the range that it was asked for. */
export function skipBytes(body: ReadableStream<Uint8Array>, count: number): ReadableStream<Uint8Array> {
  let left = count;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const skipped = Math.min(left, chunk.byteLength);
        left -= skipped;
        if (skipped < chunk.byteLength) controller.enqueue(chunk.subarray(skipped));
      },
    }),
  );
}

function interrupted(what: string, why: unknown): UpstreamError {
  return new UpstreamError({ kind: "interrupted" }, `${what} broke off its answer: ${describeFailure(why)}`);
}
