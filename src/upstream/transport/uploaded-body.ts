/** Told when the next piece of a body is read from its source, and when it is on its way to the server. */
export type SendingHooks = { readonly onReading: () => void; readonly onSending: () => void };

/** A body on its way out: tells how it gets on, and keeps its source's own failure apart from the connection's. */
export class UploadedBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** What reading the source failed with; null when it did not. */
  failure: SourceFailure | null = null;

  constructor(content: ReadableStream<Uint8Array>, sending: SendingHooks) {
    const reader = content.getReader();
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          sending.onReading();
          try {
            const next = await reader.read();
            sending.onSending();
            if (next.done) controller.close();
            else controller.enqueue(next.value);
          } catch (cause) {
            this.failure = new SourceFailure(cause);
            throw cause;
          }
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }
}

/** Carries the error of what is being sent (its `cause`) past those who look for errors of the connection. */
export class SourceFailure extends Error {
  override readonly cause: unknown;

  constructor(cause: unknown) {
    super("the content to send could not be read");
    this.cause = cause;
  }
}
