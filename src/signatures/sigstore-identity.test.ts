import { describe, expect, test } from "bun:test";
import { Turns } from "../lib/async/turns.ts";
import { Attached, type Layer, makeImage } from "./attached.fixture.ts";
import { IDENTITY, ISSUER, layerOfBundle, type SignWish, TestSigstore } from "./sigstore.fixture.ts";
import { SigstoreIdentity } from "./sigstore-identity.ts";
import { verifyImage } from "./verify-image.ts";

const DAY = 86_400_000;
const image = makeImage("an image");
const site = new TestSigstore();
const load = (issuer = ISSUER, identities: readonly string[] = [IDENTITY], trustedRoot = site.trustedRoot) =>
  SigstoreIdentity.load({ trustedRoot, issuer, identities });

async function whyNot(layer: Layer, authority?: SigstoreIdentity): Promise<string> {
  const source = new Attached();
  source.attach(image.digest, "reference", layer);
  const verdict = await verifyImage(image, [authority ?? (await load())], source, new Turns().begin(), Date.now());
  return verdict.isSigned ? "it is signed" : verdict.why;
}

describe.each(["simple", "bundle"] as const)("a signature without a key, as %s", (format) => {
  const made = (wish: Partial<SignWish> = {}, by = site) => by[format]({ digest: image.digest, ...wish });

  test("counts by its identity and issuer, long after its certificate ended", async () => {
    expect(await whyNot(made())).toBe("it is signed");
    expect(await whyNot(made({ atMs: Date.now() - 400 * DAY }))).toContain("does not stand");
    const old = new TestSigstore();
    const then = Date.now() - DAY / 2;
    expect(await whyNot(made({ atMs: then }, old), await load(ISSUER, [IDENTITY], old.trustedRoot))).toBe(
      "it is signed",
    );
  });

  test("does not count when the log was told after the certificate's end", async () => {
    expect(await whyNot(made({ atMs: Date.now(), untilMs: Date.now() - 10_000 }))).toContain("does not stand");
  });

  test("does not count from another sigstore, nor for another image", async () => {
    expect(await whyNot(made({}, new TestSigstore()))).toContain("does not stand");
    expect(await whyNot(made({ digest: makeImage("another image").digest }))).toContain("is of another image");
  });

  test("the identity is compared as a whole, and stars are the only pattern", async () => {
    const cases: readonly (readonly [string, string, boolean])[] = [
      [ISSUER, IDENTITY, true],
      [ISSUER, "https://github.example/acme/app/.github/workflows/release.yml@refs/tags/*", true],
      [ISSUER, "https://github.example/acme/**", true],
      ["https://*.example", IDENTITY, true],
      [ISSUER, "https://github.example/acme", false],
      [ISSUER, "acme", false],
      [ISSUER, ".*", false],
      [ISSUER, "https://github.example/acme/*", false],
      ["https://issuer", IDENTITY, false],
      ["issuer.example", IDENTITY, false],
    ];
    for (const [issuer, identity, counts] of cases) {
      const why = await whyNot(made(), await load(issuer, [identity]));
      expect([issuer, identity, why === "it is signed"]).toEqual([issuer, identity, counts]);
    }
    // A dot is a dot.
    const alike = made({ identity: IDENTITY.replace("github.example", "githubXexample") });
    expect(await whyNot(alike)).toContain("githubXexample");
  });
});

test("an attestation is no signature", async () => {
  const layer = site.bundle({ digest: image.digest, predicateType: "https://slsa.dev/provenance/v1" });
  expect(await whyNot(layer)).toContain("is an attestation");
});

test("without an entry of the log, or with a changed one, it does not count", async () => {
  type Document = ReturnType<TestSigstore["bundleDocument"]>;
  const changes: readonly ((document: Document) => unknown)[] = [
    (one) => ({ ...one, verificationMaterial: { ...one.verificationMaterial, tlogEntries: [] } }),
    (one) => ({ ...one, verificationMaterial: { publicKey: { hint: "x" }, tlogEntries: [] } }),
    (one) => ({ ...one, dsseEnvelope: { ...one.dsseEnvelope, signatures: [] } }),
    (one) => ({ ...one, dsseEnvelope: undefined }),
    (one) => ({ ...one, mediaType: "application/vnd.dev.sigstore.bundle.v9+json" }),
    (one) => withEntry(one, { integratedTime: "1" }),
    (one) => withEntry(one, { integratedTime: "x" }),
    (one) => withEntry(one, { canonicalizedBody: "AAAA" }),
    (one) => withEntry(one, { inclusionPromise: undefined }),
    (one) => withEntry(one, { logId: { keyId: "AAAA" } }),
  ];
  for (const change of changes) {
    const document = change(site.bundleDocument({ digest: image.digest })) as Document;
    expect(await whyNot(layerOfBundle(document))).not.toBe("it is signed");
  }
  function withEntry(one: Document, changed: Readonly<Record<string, unknown>>) {
    const tlogEntries = one.verificationMaterial.tlogEntries.map((entry) => ({ ...entry, ...changed }));
    return { ...one, verificationMaterial: { ...one.verificationMaterial, tlogEntries } };
  }
});

test("a log's name that is an expression keeps nobody busy", async () => {
  const document = site.bundleDocument({ digest: image.digest });
  const [entry] = document.verificationMaterial.tlogEntries;
  if (entry === undefined) throw new Error("there is an entry");
  const { envelope } = entry.inclusionProof.checkpoint;
  entry.inclusionProof.checkpoint.envelope = envelope.replace(/\u2014 \S+/, "\u2014 (\\S+)+((\\S+)+)+x");
  expect(await whyNot(layerOfBundle(document))).toContain("as no log is called");
});

test("more entries than anybody makes are not gone through", async () => {
  const document = site.bundleDocument({ digest: image.digest });
  const [entry] = document.verificationMaterial.tlogEntries;
  if (entry === undefined) throw new Error("there is an entry");
  document.verificationMaterial.tlogEntries = Array.from({ length: 50 }, () => entry);
  expect(await whyNot(layerOfBundle(document))).toContain("more in it than any signature needs");
});

test("a file that is no trusted root is told", async () => {
  for (const [text, why] of [
    ["", "no trusted root"],
    ["[]", "certificate authority"],
    [`{"certificateAuthorities":[{}]}`, "no trusted root"],
  ] as const) {
    const loading = load(ISSUER, [IDENTITY], text);
    await expect(loading).rejects.toThrow(why);
  }
});
