import type { AciConversions } from "../../aci/serve/aci-conversions.ts";
import type { KeptAci } from "../../aci/serve/aci-store.ts";
import { PUBLIC_KEYS_FILE, renderDiscoveryPage } from "../../aci/discovery-page.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { PullContext } from "../../registry/pull/origin.ts";
import type { AciFiles } from "./aci-files.ts";
import type { AciImage, AciImages } from "./aci-images.ts";
import type { AciIndex } from "./aci-index.ts";
import type { AciNames } from "./aci-names.ts";
import { failureReply, fileReply, notYetReply, textReply } from "./aci-reply.ts";
import { type AciRequest, parseAciRequest } from "./aci-request.ts";
import { schemeOf } from "../clients/client-pages.ts";

const PATH = "/aci";
/** A connection may be silent for some minutes at most; while a large image is converted it is silent for longer. */
const STILL_ALIVE_MS = 60_000;

const CONTENT_TYPE = {
  aci: "application/octet-stream",
  signature: "application/pgp-signature",
  keys: "application/pgp-keys",
};

export type AciPagesOptions = {
  readonly names: AciNames;
  readonly images: AciImages;
  readonly conversions: AciConversions;
  readonly index: AciIndex;
  /** A folder whose files are served as they are; null when there is none. */
  readonly files: AciFiles | null;
  readonly reportFault: (error: unknown, request: Request) => void;
};

/**
 * App Container images for rkt and its like:
 *
 *     /aci/                     what there is, for people
 *     /aci/NAME[:VERSION].aci   an image, converted at the first request; with .asc behind it, its signature
 *     /aci/pubkeys.gpg          the key that signs
 *     /aci/FILE                 a file that somebody dropped; it goes before a converted image of that name
 *     any path?ac-discovery=1   where clients find these
 */
export class AciPages {
  readonly #options: AciPagesOptions;

  constructor(options: AciPagesOptions) {
    this.#options = options;
  }

  /** The answer; null when the request is for none of these. `allowSlow` lets the connection be silent for long. */
  answer(request: Request, path: string, search: string, allowSlow: () => void): Promise<Response> | null {
    const isDiscovery = search.includes("ac-discovery=1") && new URLSearchParams(search).get("ac-discovery") === "1";
    if (!isDiscovery && path !== PATH && !path.startsWith(`${PATH}/`)) return null;
    return this.#answer(request, isDiscovery ? null : path.slice(PATH.length + 1), search, allowSlow);
  }

  /** `file` is null for discovery. */
  async #answer(request: Request, file: string | null, search: string, allowSlow: () => void): Promise<Response> {
    try {
      if (request.method !== "GET" && request.method !== "HEAD") {
        const error = new RegistryError(
          "UNSUPPORTED",
          `${request.method} is not a method of this path: it is only read`,
        );
        return failureReply(error, { Allow: "GET, HEAD" });
      }
      const origin = `${schemeOf(request)}://${request.headers.get("host") ?? ""}`;
      if (file === null) return this.#discover(request, origin);
      if (file === "") return textReply(await this.#options.index.render(origin, request.headers.get("host")));
      if (file === PUBLIC_KEYS_FILE) {
        return textReply((await this.#options.conversions.key()).publicKey, CONTENT_TYPE.keys);
      }
      const asked = parseAciRequest(file, search);
      if (asked === null) throw notHere(file);
      allowSlow();
      return (await this.#answerFile(request, asked)) ?? (await this.#answerImage(request, asked, file, allowSlow));
    } catch (error) {
      const response = failureReply(error);
      if (response.status >= 500) this.#options.reportFault(error, request);
      return response;
    }
  }

  #discover(request: Request, origin: string): Response {
    const given = request.headers.get("host");
    const host = this.#options.names.discoverableHost(given);
    if (host !== null) return textReply(renderDiscoveryPage(host, origin), "text/html; charset=utf-8");
    throw new RegistryError(
      "NAME_UNKNOWN",
      `larder is not ${quoteBriefly(given ?? "")} and does not stand in for it; start it with --name or --stand-in`,
    );
  }

  /** A dropped file. What is beside it counts for its signature: that of a converted image would not fit. */
  async #answerFile(request: Request, { segments, kind, stem }: AciRequest): Promise<Response | null> {
    const { files } = this.#options;
    const found = (await files?.find(segments)) ?? null;
    if (found !== null) {
      const contentType = kind === "signature" ? CONTENT_TYPE.signature : CONTENT_TYPE.aci;
      return fileReply(request, { ...found, contentType });
    }
    if (kind !== "signature" || files === null || (await files.find(`${stem}.aci`.split("/"))) === null) return null;
    throw new RegistryError(
      "NAME_UNKNOWN",
      `${quoteBriefly(`${stem}.aci`)} is a file that was put here without a signature; make one with \`larder aci sign\``,
    );
  }

  async #answerImage(
    request: Request,
    { stem, kind, platform }: AciRequest,
    file: string,
    allowSlow: () => void,
  ): Promise<Response> {
    if (kind === "other") throw notHere(file);
    const { names, images, conversions } = this.#options;
    const host = request.headers.get("host");
    const context: PullContext = { via: request.headers.get("via") };
    const named = (await names.findHere(stem, host)) ?? names.nameUnseen(stem, host);
    if (named === null) throw notHere(file);
    const image = await images.find(named, platform, context);
    const kept = await conversions.find(image.request);
    if (kind === "aci") {
      const { path, sizeBytes, digest } = kept ?? (await this.#make(image, allowSlow));
      return fileReply(request, { path, sizeBytes, tag: digest, contentType: CONTENT_TYPE.aci });
    }
    if (kept !== null) return textReply(kept.signature.text, CONTENT_TYPE.signature);
    this.#make(image, () => {}).catch((error: unknown) => this.#options.reportFault(error, request));
    return notYetReply();
  }

  async #make({ request, bring }: AciImage, allowSlow: () => void): Promise<KeptAci> {
    const timer = setInterval(allowSlow, STILL_ALIVE_MS);
    try {
      return await this.#options.conversions.make(request, bring);
    } finally {
      clearInterval(timer);
    }
  }
}

function notHere(file: string): RegistryError {
  return new RegistryError(
    "NAME_UNKNOWN",
    `there is nothing here called ${quoteBriefly(file)}; /aci/ lists what there is, and an image that larder can fetch is asked for by its full name, as /aci/quay.io/coreos/flannel:v0.5.5.aci`,
  );
}
