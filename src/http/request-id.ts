/**
 * A name for each request, under which logs here and elsewhere speak of it: `X-Request-ID`, as nginx, HAProxy, Envoy and
 * most frameworks know it. One that a client sends is taken over when it is short and plain; it may hold anything else.
 */
export const REQUEST_ID_HEADER = "X-Request-ID";

/** Long enough for a UUID with something before it. */
const SANE = /^[\w.:/+=@-]{1,128}$/;

/** Gives ids to requests. They are unique within a process and, but for chance, among processes. */
export class RequestIds {
  readonly #prefix: string;
  #count = 0;

  /** `prefix` tells this process from others. */
  constructor(prefix: string) {
    this.#prefix = `${prefix}-`;
  }

  /** The id that the request brings, if it is sane, else a new one. */
  of(request: Request): string {
    const given = request.headers.get(REQUEST_ID_HEADER);
    return given !== null && SANE.test(given) ? given : this.next();
  }

  /** A new id, without a cost that a request would notice. */
  next(): string {
    return this.#prefix + (this.#count++).toString(36);
  }
}
