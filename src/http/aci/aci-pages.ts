import type { AciConversions } from "../../aci/serve/aci-conversions.ts";
import type { KeptAci } from "../../aci/serve/aci-store.ts";
import { PUBLIC_KEYS_FILE, renderDiscoveryPage } from "../../aci/discovery-page.ts";
import type { Gate } from "../../access/gate.ts";
import { orAborted } from "../../lib/async/or-aborted.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { PullContext } from "../../registry/pull/origin.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import type { AciFiles } from "./aci-files.ts";
import type { AciImage, AciImages } from "./aci-images.ts";
import type { AciIndex } from "./aci-index.ts";
import type { AciNames } from "./aci-names.ts";
import { failureReply, fileReply, notYetReply, armorReply, textReply } from "./aci-reply.ts";
import { type AciRequest, parseAciRequest } from "./aci-request.ts";
import { sendText } from "../send-text.ts";
import { schemeOf } from "../clients/scheme-of.ts";

const PATH = "/aci";
/** Below it, where files are signed. */
const SIGN = "sign";
/** A connection may be silent for some minutes at most; while a large image is converted it is silent for longer. */
const STILL_ALIVE_MS = 60_000;

/** How long who asks for a signature waits for an ACI that could not be made before. */
const FAILED_AGAIN_MS = 3000;

const CONTENT_TYPE = {
  aci: "application/octet-stream",
  signature: "application/pgp-signature",
  keys: "application/pgp-keys",
};

/** What the pages of `/aci/` are made from. */
export type AciPagesOptions = {
  readonly names: AciNames;
  readonly images: AciImages;
  readonly conversions: AciConversions;
  readonly index: AciIndex;
  /** A folder whose files are served as they are; null when there is none. */
  readonly files: AciFiles | null;
  readonly gate: Gate;
};

/**
 * App Container images for rkt and its like:
 *
 *     /aci/                     what there is, for people
 *     /aci/NAME[:VERSION].aci   an image, converted at the first request; with .asc behind it, its signature
 *     /aci/pubkeys.gpg          the key that signs
 *     POST /aci/sign            signs the file that is sent, for who may administer larder
 *     /aci/FILE                 a file that somebody dropped; it goes before a converted image of that name
 *     any path?ac-discovery=1   where clients find these
 */
export class AciPages implements Pages {
  readonly name = "aci";
  readonly #options: AciPagesOptions;

  constructor(options: AciPagesOptions) {
    this.#options = options;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const { path, search } = exchange;
    const isDiscovery = search.includes("ac-discovery=1") && exchange.query.get("ac-discovery") === "1";
    if (!isDiscovery && path !== PATH && !path.startsWith(`${PATH}/`)) return null;
    exchange.record.route = "aci";
    return this.#answer(exchange, isDiscovery ? null : path.slice(PATH.length + 1));
  }

  explain(fault: unknown, exchange: Exchange): Response {
    return failureReply(exchange, fault);
  }

  /** `file` is null for discovery. */
  async #answer(exchange: Exchange, file: string | null): Promise<Response> {
    const { request } = exchange;
    if (file === SIGN && request.method === "POST") return this.#sign(exchange);
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new MethodNotAllowed(request.method, ["GET", "HEAD"]);
    }
    const origin = `${schemeOf(exchange)}://${exchange.host ?? ""}`;
    if (file === null) return this.#discover(exchange, origin);
    if (file === "") return this.#answerIndex(exchange, origin);
    if (file === PUBLIC_KEYS_FILE) {
      return armorReply(exchange, (await this.#options.conversions.key()).publicKey, CONTENT_TYPE.keys);
    }
    const asked = parseAciRequest(file, exchange.search);
    if (asked === null) throw notHere(file);
    exchange.allowSlowTransfer();
    return (await this.#answerFile(exchange, asked)) ?? (await this.#answerImage(exchange, asked, file));
  }

  /** The file is never held: it goes through the hash as it comes. */
  async #sign(exchange: Exchange): Promise<Response> {
    await this.#options.gate.admit(exchange, "administer", null);
    exchange.allowSlowTransfer();
    const { body, headers } = exchange.request;
    const expected = Number(headers.get("content-length") ?? Number.NaN);
    const incomplete = (why: string) => new RegistryError("BAD_REQUEST", `nothing is signed: ${why}`);
    if (body === null || !Number.isSafeInteger(expected)) {
      throw incomplete("send the file as the request's body, with its Content-Length");
    }
    let taken = 0;
    const counted = async function* () {
      for await (const chunk of body) {
        taken += chunk.length;
        yield chunk;
      }
    };
    const signature = await this.#options.conversions.sign(counted());
    if (taken !== expected) throw incomplete(`${taken} of ${expected} bytes came`);
    return sendText(exchange, signature, {
      headers: { "Content-Type": CONTENT_TYPE.signature, "Cache-Control": "no-store" },
    });
  }

  async #answerIndex(exchange: Exchange, origin: string): Promise<Response> {
    await this.#options.gate.admit(exchange, "pull", null);
    return textReply(
      exchange,
      await this.#options.index.render(origin, exchange.host, this.#options.gate.viewOf(exchange)),
    );
  }

  #discover(exchange: Exchange, origin: string): Response {
    const given = exchange.host;
    const host = this.#options.names.discoverableHost(given);
    if (host !== null) return textReply(exchange, renderDiscoveryPage(host, origin), "text/html; charset=utf-8");
    throw new RegistryError(
      "NAME_UNKNOWN",
      `larder is not ${quoteBriefly(given ?? "")} and does not stand in for it; start it with --name or --stand-in`,
    );
  }

  /** A dropped file. What is beside it counts for its signature: that of a converted image would not fit. */
  async #answerFile(exchange: Exchange, { segments, kind, stem }: AciRequest): Promise<Response | null> {
    const { files, gate } = this.#options;
    if (files === null) return null;
    await gate.admit(exchange, "pull", null);
    const found = await files.find(segments);
    if (found !== null) {
      const contentType = kind === "signature" ? CONTENT_TYPE.signature : CONTENT_TYPE.aci;
      return fileReply(exchange, { ...found, contentType });
    }
    if (kind !== "signature" || (await files.find(`${stem}.aci`.split("/"))) === null) return null;
    throw new RegistryError(
      "NAME_UNKNOWN",
      `${quoteBriefly(`${stem}.aci`)} is a file that was put here without a signature; make one with \`larder aci sign\``,
    );
  }

  async #answerImage(exchange: Exchange, { stem, kind, platform }: AciRequest, file: string): Promise<Response> {
    if (kind === "other") throw notHere(file);
    const { names, images, conversions, gate } = this.#options;
    const { request, record } = exchange;
    const mayPull = gate.viewOf(exchange);
    const context: PullContext = {
      via: request.headers.get("via"),
      requestId: exchange.requestId,
      upstreamKey: async () => (await exchange.principal()).upstreamKey ?? null,
      cause: exchange,
      ...(mayPull && { mayPull }),
    };
    const named = (await names.findHere(stem, exchange.host, mayPull)) ?? names.nameUnseen(stem, exchange.host);
    if (named === null) throw notHere(file);
    const { repository, tag } = named;
    Object.assign(record, { repository, namespace: repository.namespace, reference: tag });
    await gate.admit(exchange, "pull", repository);
    const image = await images.find(named, platform, context);
    const kept = await conversions.find(image.request);
    if (kind === "aci") {
      const { path, sizeBytes, digest } = kept ?? (await this.#make(image, exchange));
      return fileReply(exchange, { path, sizeBytes, tag: digest, contentType: CONTENT_TYPE.aci });
    }
    const signed = kept ?? (await this.#promise(image, exchange));
    if (signed === null) return notYetReply(exchange);
    return armorReply(exchange, signed.signature.text, CONTENT_TYPE.signature);
  }

  async #make({ request, bring }: AciImage, exchange: Exchange): Promise<KeptAci> {
    const timer = setInterval(() => exchange.allowSlowTransfer(), STILL_ALIVE_MS);
    try {
      const { signal } = exchange.request;
      return await orAborted(this.#options.conversions.make(request, bring, signal), signal);
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * Has an ACI made for a client that wants no more than its signature now, and is to fetch the ACI meanwhile: null. Where
   * the last attempt failed the client waits for a moment, so that it hears of what fails again.
   */
  async #promise({ request, bring }: AciImage, exchange: Exchange): Promise<KeptAci | null> {
    const { conversions } = this.#options;
    const hasFailed = conversions.hasFailed(request);
    // Whoever is told to come back is not waiting.
    const making = conversions.make(request, bring, hasFailed ? exchange.request.signal : AbortSignal.abort());
    const outcome = making.then(
      (made) => ({ made, fault: null }),
      (fault: unknown) => ({ made: null, fault: { fault } }),
    );
    const soon = hasFailed ? await Promise.race([outcome, Bun.sleep(FAILED_AGAIN_MS).then(() => null)]) : null;
    if (soon === null) {
      void outcome.then(({ fault }) => {
        if (fault !== null && !isNobody(fault.fault)) exchange.noteFault(fault.fault);
      });
      return null;
    }
    if (soon.fault !== null) throw soon.fault.fault;
    return soon.made;
  }
}

/** Was work ended because nobody waited for it? That is no fault. */
function isNobody(fault: unknown): boolean {
  return fault instanceof DOMException && fault.name === "AbortError";
}

function notHere(file: string): RegistryError {
  return new RegistryError(
    "NAME_UNKNOWN",
    `there is nothing here called ${quoteBriefly(file)}; /aci/ lists what there is, and an image that larder can fetch is asked for by its full name, as /aci/quay.io/coreos/flannel:v0.5.5.aci`,
  );
}
