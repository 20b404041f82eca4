import { describe, expect, test } from "bun:test";
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { Turns } from "../lib/async/turns.ts";
import { hexOf } from "../oci/digest.ts";
import { Attached, type Layer, makeImage, simpleLayer, simplePayload } from "./attached.fixture.ts";
import { CosignKeys, readPublicKey } from "./cosign-keys.ts";
import { SIGNATURES_LIMIT } from "./gather-signatures.ts";
import { verifyImage } from "./verify-image.ts";

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const PAIRS: Readonly<Record<string, Pair>> = {
  "P-256": generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
  "P-384": generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
  RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  Ed25519: generateKeyPairSync("ed25519"),
};
const OURS = PAIRS["P-256"] as Pair;
const THEIRS: Pair = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const image = makeImage("an image");
const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" });
const keysOf = (...pairs: readonly Pair[]) =>
  new CosignKeys(pairs.map(({ publicKey }, at) => ({ file: `${at}.pub`, key: readPublicKey(pem(publicKey)) })));

function signed(bytes: Uint8Array, { privateKey }: Pair): Buffer {
  return sign(privateKey.asymmetricKeyType === "ed25519" ? null : "sha256", bytes, privateKey);
}

function simple(pair: Pair, digest: string = image.digest, type?: string): Layer {
  const payload = simplePayload(digest, type);
  return simpleLayer(payload, signed(payload, pair));
}

const PREDICATE = "https://sigstore.dev/cosign/sign/v1";

function bundle(pair: Pair, digest: string = image.digest, predicateType = PREDICATE): Layer {
  const [algorithm = "", hex = ""] = digest.split(":");
  const _type = "https://in-toto.io/Statement/v1";
  const payload = Buffer.from(JSON.stringify({ _type, subject: [{ digest: { [algorithm]: hex } }], predicateType }));
  const payloadType = "application/vnd.in-toto+json";
  const encoded = Buffer.from(
    `DSSEv1 ${payloadType.length} ${payloadType} ${payload.byteLength} ${payload.toString()}`,
  );
  const document = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "h" } },
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType,
      signatures: [{ sig: signed(encoded, pair).toString("base64") }],
    },
  };
  return { mediaType: document.mediaType, bytes: Buffer.from(JSON.stringify(document)) };
}

function attached(way: "tag" | "reference", ...layers: readonly Layer[]): Attached {
  const source = new Attached();
  source.attach(image.digest, way, ...layers);
  return source;
}

function verdictOf(source: Attached, keys: CosignKeys = keysOf(OURS)) {
  return verifyImage(image, [keys], source, new Turns().begin(), Date.now());
}

describe.each(Object.keys(PAIRS))("a key of %s", (name) => {
  const pair = PAIRS[name] as Pair;

  test("signs by cosign's tag, by reference, and in a bundle", async () => {
    for (const source of [
      attached("tag", simple(pair)),
      attached("reference", simple(pair)),
      attached("reference", bundle(pair)),
    ]) {
      expect(await verdictOf(source, keysOf(pair))).toMatchObject({ isSigned: true, by: "the key 0.pub" });
      expect(await verdictOf(source, keysOf(THEIRS))).toMatchObject({ isSigned: false });
    }
  });
});

test("RSA signatures count with the other padding, too: key management services make them", async () => {
  const { privateKey } = PAIRS["RSA"] as Pair;
  const payload = simplePayload(image.digest);
  const signature = sign("sha256", payload, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING });
  const keys = keysOf(PAIRS["RSA"] as Pair);
  expect(await verdictOf(attached("tag", simpleLayer(payload, signature)), keys)).toMatchObject({ isSigned: true });
});

test("one good signature among others is enough, by any of several keys", async () => {
  const source = attached("tag", simple(THEIRS), simple(OURS), simple(THEIRS));
  expect(await verdictOf(source)).toMatchObject({ isSigned: true });
  expect(await verdictOf(source, keysOf(PAIRS["RSA"] as Pair, OURS))).toMatchObject({
    isSigned: true,
    by: "one of the keys 0.pub, 1.pub",
  });
});

test("an image without a signature has none, and is told so", async () => {
  expect(await verdictOf(new Attached())).toEqual({
    isSigned: false,
    why: "has no signature by the key 0.pub",
  });
});

test("what was changed, is of another image, of another type or an attestation does not count", async () => {
  const other = makeImage("another image").digest;
  const { bytes } = simple(OURS);
  const tampered = Buffer.from(bytes.toString().replace("somewhere", "elsewhere!"));
  const cases: readonly (readonly [Attached, string])[] = [
    [attached("tag", { ...simple(OURS), bytes: tampered }), "is by another key"],
    [attached("tag", simple(OURS, other)), "is of another image"],
    [attached("tag", simple(OURS, image.digest, "atomic container signature")), "is of another type"],
    [attached("tag", { ...simple(OURS), annotations: {} }), "is not base64"],
    [attached("reference", bundle(OURS, other)), "is of another image"],
    [attached("reference", bundle(OURS, `sha512:${hexOf(image.digest)}`)), "is of another image"],
    [attached("reference", bundle(OURS, image.digest, "https://slsa.dev/provenance/v1")), "is an attestation"],
  ];
  for (const [source, why] of cases) {
    expect(await verdictOf(source)).toMatchObject({ isSigned: false, why: expect.stringContaining(why) });
  }
});

test("a signature that another image's manifest carries does not count, wherever it is listed", async () => {
  const source = new Attached();
  source.attach(makeImage("another image").digest, "reference", bundle(OURS));
  expect(await verdictOf(source)).toMatchObject({ isSigned: false });
});

test("a signature is of the image, whatever the repository is called", async () => {
  // `docker-reference` of the fixture names a place that is nobody's.
  expect(await verdictOf(attached("tag", simple(OURS)))).toMatchObject({ isSigned: true });
});

test("of ten thousand signatures the newest are looked at, and that is told", async () => {
  const theirs = Array.from({ length: 10_000 }, () => simple(THEIRS));
  const hidden = await verdictOf(attached("tag", simple(OURS), ...theirs));
  expect(hidden).toMatchObject({ isSigned: false, why: expect.stringContaining(`only ${SIGNATURES_LIMIT} of them`) });
  expect(await verdictOf(attached("tag", ...theirs, simple(OURS)))).toMatchObject({ isSigned: true });
}, 60_000);

test("what is too large, missing or no JSON is no signature, and nothing fails", async () => {
  const cut = bundle(OURS);
  const large = { ...simple(OURS), bytes: Buffer.alloc(1 << 20, "a") };
  const long = { ...simple(OURS), annotations: { "dev.cosignproject.cosign/signature": "A".repeat(1 << 20) } };
  const missing = attached("tag", simple(OURS));
  missing.blobs.clear();
  const sources = [
    attached("reference", { ...cut, bytes: cut.bytes.subarray(0, cut.bytes.byteLength - 40) }),
    attached("reference", { ...cut, bytes: Buffer.from("[".repeat(100_000)) }),
    attached("reference", { ...cut, bytes: Buffer.from("null") }),
    attached("tag", large),
    attached("tag", long),
    missing,
  ];
  for (const source of sources) expect(await verdictOf(source)).toMatchObject({ isSigned: false });
});

test("no bundle of whatever shape makes it fail", async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.dictionary(fc.string(), fc.string()), async (text, annotations) => {
      const bytes = Buffer.from(text);
      const source = attached(
        "reference",
        { mediaType: bundle(OURS).mediaType, bytes },
        { ...simple(OURS), annotations },
      );
      const verdict = await verdictOf(source);
      expect(verdict.isSigned).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test("files that hold no public key are told by what they hold", () => {
  const secret = OURS.privateKey.export({ type: "pkcs8", format: "pem" });
  const cases: readonly (readonly [string, string])[] = [
    [secret, "it is a private key"],
    [
      "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAA==\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
      "it is a private key",
    ],
    ["-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", "it is a certificate"],
    ["", "no public key in PEM"],
    [pem(OURS.publicKey) + pem(THEIRS.publicKey), "several keys"],
    ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key that can be read"],
    [pem(generateKeyPairSync("x25519").publicKey), "x25519"],
    [pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey), "1024 bits"],
  ];
  for (const [text, why] of cases) expect(() => readPublicKey(text)).toThrow(why);
});
