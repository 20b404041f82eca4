import { describe, expect, test } from "bun:test";
import { constants, sign } from "node:crypto";
import { Turns } from "../lib/async/turns.ts";
import { Attached, makeImage } from "./attached.fixture.ts";
import { writeCborBytes, writeCborListHead, writeCborText } from "./cbor.ts";
import { type MadeCertificate, makeCertificate } from "./der.fixture.ts";
import { NotationTrust } from "./notation-trust.ts";
import { verifyImage } from "./verify-image.ts";

const DAY = 86_400_000;
const image = makeImage("an image");
const root = makeCertificate({ subject: ["O=acme", "CN=root"], kind: "authority" });
const middle = makeCertificate({ subject: ["O=acme", "CN=middle"], kind: "authority", issuer: root });
const signer = makeCertificate({ subject: ["C=US", "O=acme", "CN=release"], kind: "signer", issuer: middle });
const stranger = makeCertificate({ subject: ["O=other", "CN=root"], kind: "authority" });

type Wish = {
  readonly chain?: readonly MadeCertificate[];
  readonly digest?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly algorithm?: string;
};

const CHAIN = [signer, middle, root];

function signatureOf(bytes: Uint8Array, { key }: MadeCertificate): Buffer {
  if (key.asymmetricKeyType === "ec") return sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" });
  return sign("sha256", bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}

function payloadOf(digest: string = image.digest): Buffer {
  return Buffer.from(JSON.stringify({ targetArtifact: { digest, mediaType: image.mediaType, size: image.sizeBytes } }));
}

function jws({ chain = CHAIN, digest, headers = {}, algorithm = "ES256" }: Wish): Buffer {
  const said = {
    alg: algorithm,
    cty: "application/vnd.cncf.notary.payload.v1+json",
    crit: ["io.cncf.notary.signingScheme"],
    "io.cncf.notary.signingScheme": "notary.x509",
    "io.cncf.notary.signingTime": new Date().toISOString(),
    ...headers,
  };
  const head = Buffer.from(JSON.stringify(said)).toString("base64url");
  const payload = payloadOf(digest).toString("base64url");
  const signature = signatureOf(Buffer.from(`${head}.${payload}`), chain[0] as MadeCertificate).toString("base64url");
  const header = { x5c: chain.map(({ der }) => der.toString("base64")) };
  return Buffer.from(JSON.stringify({ payload, protected: head, header, signature }));
}

/** ES256, with the headers that the Notary project asks for. */
function cose({ chain = CHAIN, digest }: Wish): Buffer {
  const text = (value: string) => Buffer.from(writeCborText(value));
  const scheme = text("io.cncf.notary.signingScheme");
  const head = Buffer.concat([
    Buffer.from([0xa4, 0x01, 0x26, 0x02, 0x81]),
    scheme,
    Buffer.from([0x03]),
    text("application/vnd.cncf.notary.payload.v1+json"),
    scheme,
    text("notary.x509"),
  ]);
  const payload = payloadOf(digest);
  const signed = Buffer.concat([
    writeCborListHead(4),
    text("Signature1"),
    writeCborBytes(head),
    writeCborBytes(new Uint8Array()),
    writeCborBytes(payload),
  ]);
  const certificates = chain.map(({ der }) => writeCborBytes(der));
  return Buffer.concat([
    Buffer.from([0xd2, 0x84]),
    writeCborBytes(head),
    Buffer.from([0xa1, 0x18, 33]),
    writeCborListHead(chain.length),
    ...certificates,
    writeCborBytes(payload),
    writeCborBytes(signatureOf(signed, chain[0] as MadeCertificate)),
  ]);
}

const TYPE = { jws: "application/jose+json", cose: "application/cose" } as const;

function trust(identities: readonly string[] = ["*"], ...roots: readonly MadeCertificate[]): NotationTrust {
  const pem = (roots.length === 0 ? [root] : roots).map((one) => one.pem).join("");
  return new NotationTrust({ files: [{ file: "ca.pem", pem }], identities });
}

async function verdictOf(bytes: Buffer, authority = trust(), envelope: "jws" | "cose" = "jws", atMs = Date.now()) {
  const source = new Attached();
  source.attach(image.digest, "reference", { mediaType: TYPE[envelope], bytes });
  return verifyImage(image, [authority], source, new Turns().begin(), atMs);
}

async function whyNot(...parameters: Parameters<typeof verdictOf>): Promise<string> {
  const verdict = await verdictOf(...parameters);
  return verdict.isSigned ? "it is signed" : verdict.why;
}

describe.each(["jws", "cose"] as const)("an envelope in %s", (envelope) => {
  const make = envelope === "jws" ? jws : cose;

  test("counts by a certificate that the trust store vouches for, whoever stands between", async () => {
    for (const store of [trust(), trust(["*"], middle), trust(["*"], signer)]) {
      expect(await verdictOf(make({}), store, envelope)).toMatchObject({ isSigned: true });
    }
    // The root need not come along.
    expect(await verdictOf(make({ chain: [signer, middle] }), trust(), envelope)).toMatchObject({ isSigned: true });
  });

  test("does not count by anybody else's, for another image, changed, or cut short", async () => {
    expect(await whyNot(make({}), trust(["*"], stranger), envelope)).toContain("nobody of the trust store");
    expect(await whyNot(make({ chain: [signer, root] }), trust(), envelope)).toContain("chain is broken");
    expect(await whyNot(make({ digest: makeImage("b").digest }), trust(), envelope)).toContain("is of another image");
    const bytes = make({});
    for (let cut = 1; cut < bytes.byteLength; cut += 97) {
      expect((await verdictOf(bytes.subarray(0, cut), trust(), envelope)).isSigned).toBe(false);
      const changed = Buffer.from(bytes);
      changed[cut] = (changed[cut] ?? 0) ^ 1;
      expect((await verdictOf(changed, trust(), envelope)).isSigned).toBe(false);
    }
  });
});

test("each identity of a trust policy names attributes that the signer's subject has to have", async () => {
  const cases: readonly (readonly [readonly string[], boolean])[] = [
    [["x509.subject: C=US, O=acme"], true],
    [["x509.subject: CN=release"], true],
    [["x509.subject: O=other", "x509.subject: O=acme"], true],
    [["x509.subject: O=acm"], false],
    [["x509.subject: O=acme, CN=root"], false],
  ];
  for (const [identities, isSigned] of cases) {
    expect(await verdictOf(jws({}), trust(identities))).toMatchObject({ isSigned });
  }
  for (const wrong of ["", "x509.subject:", "acme", "x509.subject: =acme"]) expect(() => trust([wrong])).toThrow();
});

test("an attribute cannot hide in another one's value", async () => {
  const sly = makeCertificate({ subject: ["CN=x\nO=acme"], kind: "signer", issuer: root });
  expect(await whyNot(jws({ chain: [sly, root] }), trust(["x509.subject: O=acme"]))).toContain("somebody else");
});

test("certificates count in their time, and for what they were issued for", async () => {
  const made = (wish: Partial<Parameters<typeof makeCertificate>[0]>) =>
    makeCertificate({ subject: ["O=acme"], kind: "signer", issuer: root, ...wish });
  const now = Date.now();
  const cases: readonly (readonly [readonly MadeCertificate[], string])[] = [
    [[made({ fromMs: now - 9 * DAY, untilMs: now - DAY }), root], "a certificate of the signer that ended on"],
    [[made({ fromMs: now + DAY, untilMs: now + 2 * DAY }), root], "begins on"],
    [[made({ kind: "server" }), root], "not for signing code"],
    [[made({ kind: "authority" }), root], "not for signing code"],
    [[made({ issuer: signer }), ...CHAIN], "chain is broken"],
  ];
  for (const [chain, why] of cases) expect(await whyNot(jws({ chain }))).toContain(why);
  expect(await whyNot(jws({}), trust(), "jws", now + 9 * DAY)).toContain("ended on");
});

test("headers that it must know, and does not, make it refuse", async () => {
  const scheme = "io.cncf.notary.signingScheme";
  const expiry = "io.cncf.notary.expiry";
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const crit = (name: string) => ({ crit: [scheme, name] });
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [{ crit: [scheme, "x"], x: 1 }, "a header that larder does not know"],
    [{ [scheme]: "notary.x509.signingAuthority" }, "a scheme that larder does not know"],
    [{ crit: [] }, "none of an image"],
    [{ cty: "text/plain" }, "none of an image"],
    [{ ...crit(expiry), [expiry]: at(-1000) }, "ended on"],
    [{ ...crit(expiry), [expiry]: "soon" }, "no time"],
    [{ ...crit(expiry), [expiry]: at(DAY) }, "it is signed"],
  ];
  for (const [headers, why] of cases) expect(await whyNot(jws({ headers }))).toContain(why);
});

test("the algorithm is the key's, whatever the envelope says", async () => {
  for (const algorithm of ["none", "HS256", "ES384", "PS256"]) {
    expect(await whyNot(jws({ algorithm }))).toContain("algorithm");
  }
  const rsa = makeCertificate({ subject: ["O=acme"], kind: "signer", issuer: root, algorithm: "rsa" });
  expect(await verdictOf(jws({ chain: [rsa, root], algorithm: "PS256" }))).toMatchObject({ isSigned: true });
  expect(await whyNot(jws({ chain: [rsa, root], algorithm: "RS256" }))).toContain("algorithm");
});

test("files that hold no certificate are told by what they hold", () => {
  for (const [pem, why] of [
    ["", "ca.pem: it holds no certificate"],
    ["-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----", "ca.pem: it is a private key"],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "ca.pem: a certificate in it cannot be read"],
  ] as const) {
    expect(() => new NotationTrust({ files: [{ file: "ca.pem", pem }], identities: ["*"] })).toThrow(why);
  }
});
