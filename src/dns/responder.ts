/** From the bytes that a client sent to the bytes that it gets. */
import type { AccessRule } from "./access.ts";
import type { AmplificationBudget } from "./amplification-budget.ts";
import { type AddressData, answerQuery, type CompiledZone, compileZone, emptyReply, type Zone } from "./answers.ts";
import type { DnsOutcome, DnsTally } from "./dns-tally.ts";
import type { Forwarder } from "./forwarder.ts";
import { personalise } from "./forwarded-response.ts";
import { parseQuery, type Query } from "./query.ts";
import { encodeRejection, encodeReply, encodeTruncated, limitFor, type Transport } from "./reply.ts";
import { EXTENDED_ERROR, RESPONSE_CODE } from "./wire.ts";

/** Where a message came from, and where it came in. */
export type Client = {
  readonly address: string;
  readonly transport: Transport;
  /** The addresses of the interface that it came in on. */
  readonly local: AddressData;
};

/** What a responder needs. */
export type ResponderOptions = {
  /** Asked at every query. While nothing changes it returns the same object: preparing one takes time. */
  readonly zone: () => Zone;
  readonly forwarder: Forwarder;
  /** Is there any server to forward to? */
  readonly canForward: () => boolean;
  readonly access: () => AccessRule;
  readonly budget: AmplificationBudget;
  readonly tally: DnsTally;
};

/** Answers messages: from the zone, from memory, or by asking other servers. */
export class Responder {
  readonly #options: ResponderOptions;
  #zone: Zone | null = null;
  #compiled: CompiledZone | null = null;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /**
   * The answer to any bytes, or null when there is to be none; a promise only when other servers have to be asked.
   * Never throws, and its promise never rejects.
   */
  respond(message: Uint8Array, client: Client): Uint8Array | null | Promise<Uint8Array | null> {
    const incoming = parseQuery(message);
    const { tally } = this.#options;
    if (incoming.kind !== "query") {
      tally.count(client.transport, "malformed");
      return incoming.kind === "ignored" ? null : encodeRejection(message, incoming.responseCode);
    }
    const { query } = incoming;
    if (this.#options.access().allows(client.address)) return this.#answer(query, message.length, client);
    tally.count(client.transport, "refused");
    const refusal = emptyReply(RESPONSE_CODE.REFUSED, EXTENDED_ERROR.PROHIBITED);
    const bytes = encodeReply(query, refusal, limitFor(query, client.transport));
    const isAffordable = this.#options.budget.spend(client.address, bytes.length - message.length);
    return isAffordable ? bytes : encodeRejection(message, RESPONSE_CODE.REFUSED);
  }

  #answer(query: Query, queryBytes: number, client: Client): Uint8Array | Promise<Uint8Array> {
    const limit = limitFor(query, client.transport);
    const within = (bytes: Uint8Array, outcome: DnsOutcome, asked = query) => {
      this.#options.tally.count(client.transport, outcome);
      return this.#withinBudget(bytes, asked, queryBytes, client);
    };
    const reply = answerQuery(query, this.#currentZone(), client.local);
    if (reply !== null) return within(encodeReply(query, reply, limit), reply.isAuthoritative ? "own" : "refused");
    const { forwarder, canForward } = this.#options;
    const cached = forwarder.recall(query);
    if (cached !== null) return within(personalise(cached.response, query, cached.ageSeconds, limit), "remembered");
    if (!canForward()) {
      const refusal = emptyReply(RESPONSE_CODE.REFUSED, EXTENDED_ERROR.NOT_AUTHORITATIVE);
      return within(encodeReply(query, refusal, limit), "refused");
    }
    // The bytes belong to the socket, which may use them again while other servers are asked.
    const kept = { ...query, head: query.head.slice() };
    const failure = emptyReply(RESPONSE_CODE.SERVFAIL, EXTENDED_ERROR.NETWORK_ERROR);
    return forwarder
      .ask(kept)
      .then((response) =>
        response === null
          ? within(encodeReply(kept, failure, limit), "failed", kept)
          : within(personalise(response, kept, 0, limit), "asked", kept),
      );
  }

  #currentZone(): CompiledZone {
    const zone = this.#options.zone();
    if (this.#compiled === null || zone !== this.#zone) {
      this.#zone = zone;
      this.#compiled = compileZone(zone);
    }
    return this.#compiled;
  }

  #withinBudget(bytes: Uint8Array, query: Query, queryBytes: number, client: Client): Uint8Array {
    if (client.transport === "tcp") return bytes;
    return this.#options.budget.spend(client.address, bytes.length - queryBytes) ? bytes : encodeTruncated(query);
  }
}
