/** A small sigstore of a test's own: an authority like Fulcio, a log like Rekor, and signatures that went through both. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Layer, simpleLayer, simplePayload } from "./attached.fixture.ts";
import { type MadeCertificate, makeCertificate } from "./der.fixture.ts";

const PREDICATE = "https://sigstore.dev/cosign/sign/v1";
const STATEMENT = "application/vnd.in-toto+json";
const LOG = "rekor.test";

const hash = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hasher = createHash("sha256");
  for (const part of parts) hasher.update(part);
  return hasher.digest();
};

export type SignWish = {
  readonly digest: string;
  readonly identity?: string;
  readonly issuer?: string;
  /** When the log says that it was told, in milliseconds; now when left out. */
  readonly atMs?: number;
  readonly predicateType?: string;
  /** The certificate's end; ten minutes after `atMs` when left out. */
  readonly untilMs?: number;
};

export const ISSUER = "https://issuer.example";
export const IDENTITY = "https://github.example/acme/app/.github/workflows/release.yml@refs/tags/v1";

export class TestSigstore {
  readonly authority: MadeCertificate = makeCertificate({ subject: ["O=test", "CN=fulcio"], kind: "authority" });
  readonly #log: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
  });

  get #logId(): Buffer {
    return hash(this.#log.publicKey.export({ type: "spki", format: "der" }));
  }

  /** As the file `trusted_root.json` has it. */
  get trustedRoot(): string {
    const from = { start: "2020-01-01T00:00:00.000Z" };
    const rawBytes = this.#log.publicKey.export({ type: "spki", format: "der" }).toString("base64");
    const publicKey = { rawBytes, keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: from };
    const certificates = [{ rawBytes: this.authority.der.toString("base64") }];
    return JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [
        {
          baseUrl: `https://${LOG}`,
          hashAlgorithm: "SHA2_256",
          publicKey,
          logId: { keyId: this.#logId.toString("base64") },
        },
      ],
      certificateAuthorities: [
        {
          subject: { organization: "test", commonName: "fulcio" },
          uri: "https://fulcio.test",
          certChain: { certificates },
          validFor: from,
        },
      ],
      ctlogs: [],
      timestampAuthorities: [],
    });
  }

  #certificate({ identity = IDENTITY, issuer = ISSUER, atMs = Date.now(), untilMs = atMs + 600_000 }: SignWish) {
    const times = { fromMs: atMs - 60_000, untilMs };
    return makeCertificate({
      subject: ["CN=sigstore"],
      kind: "signer",
      issuer: this.authority,
      identity: { url: identity, issuer },
      ...times,
    });
  }

  #entry(body: unknown, atMs: number) {
    const canonical = Buffer.from(JSON.stringify(body));
    const time = Math.floor(atMs / 1000);
    // In the order of canonical JSON, which is what is signed.
    const promised = {
      body: canonical.toString("base64"),
      integratedTime: time,
      logID: this.#logId.toString("hex"),
      logIndex: 0,
    };
    const set = sign("sha256", Buffer.from(JSON.stringify(promised)), this.#log.privateKey);
    const note = `${LOG}\n1\n${hash(Buffer.from([0]), canonical).toString("base64")}\n`;
    const noted = Buffer.concat([this.#logId.subarray(0, 4), sign("sha256", Buffer.from(note), this.#log.privateKey)]);
    const checkpoint = { envelope: `${note}\n\u2014 ${LOG} ${noted.toString("base64")}\n` };
    return { canonical, promised, set, time, checkpoint, rootHash: hash(Buffer.from([0]), canonical) };
  }

  /** cosign's older format, with certificate and entry in annotations. */
  simple(wish: SignWish): Layer {
    const certificate = this.#certificate(wish);
    const payload = simplePayload(wish.digest);
    const made = sign("sha256", payload, certificate.key);
    const publicKey = { content: Buffer.from(certificate.pem).toString("base64") };
    const body = {
      apiVersion: "0.0.1",
      kind: "hashedrekord",
      spec: {
        data: { hash: { algorithm: "sha256", value: hash(payload).toString("hex") } },
        signature: { content: made.toString("base64"), publicKey },
      },
    };
    const { promised, set } = this.#entry(body, wish.atMs ?? Date.now());
    const bundle = { SignedEntryTimestamp: set.toString("base64"), Payload: promised };
    return simpleLayer(payload, made, {
      "dev.sigstore.cosign/certificate": certificate.pem,
      "dev.sigstore.cosign/bundle": JSON.stringify(bundle),
    });
  }

  /** The document of a bundle, version 0.3. */
  bundleDocument(wish: SignWish) {
    const certificate = this.#certificate(wish);
    const [algorithm = "", hex = ""] = wish.digest.split(":");
    const statement = {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ digest: { [algorithm]: hex } }],
      predicateType: wish.predicateType ?? PREDICATE,
    };
    const payload = Buffer.from(JSON.stringify(statement));
    const encoded = Buffer.from(`DSSEv1 ${STATEMENT.length} ${STATEMENT} ${payload.byteLength} ${payload.toString()}`);
    const made = sign("sha256", encoded, certificate.key).toString("base64");
    const verifier = Buffer.from(certificate.pem).toString("base64");
    const body = {
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        envelopeHash: { algorithm: "sha256", value: "00" },
        payloadHash: { algorithm: "sha256", value: hash(payload).toString("hex") },
        signatures: [{ signature: made, verifier }],
      },
    };
    const { canonical, set, time, checkpoint, rootHash } = this.#entry(body, wish.atMs ?? Date.now());
    return {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        certificate: { rawBytes: certificate.der.toString("base64") },
        tlogEntries: [
          {
            logIndex: "0",
            logId: { keyId: this.#logId.toString("base64") },
            kindVersion: { kind: "dsse", version: "0.0.1" },
            integratedTime: String(time),
            inclusionPromise: { signedEntryTimestamp: set.toString("base64") },
            inclusionProof: {
              logIndex: "0",
              rootHash: rootHash.toString("base64"),
              treeSize: "1",
              hashes: [],
              checkpoint,
            },
            canonicalizedBody: canonical.toString("base64"),
          },
        ],
      },
      dsseEnvelope: { payload: payload.toString("base64"), payloadType: STATEMENT, signatures: [{ sig: made }] },
    };
  }

  /** cosign's newer format. */
  bundle(wish: SignWish): Layer {
    return layerOfBundle(this.bundleDocument(wish));
  }
}

export function layerOfBundle(document: { readonly mediaType: string }): Layer {
  return { mediaType: document.mediaType, bytes: Buffer.from(JSON.stringify(document)) };
}
