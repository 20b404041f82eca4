import type { SignedEntity, Signer, TrustMaterial, Verifier } from "@sigstore/verify";
import { compileGlob } from "../lib/text/glob.ts";
import { checkBundleBounds } from "./bundle-bounds.ts";
import { readBundleEnvelope } from "./bundle-envelope.ts";
import { simpleAsBundle } from "./simple-as-bundle.ts";
import { type Authority, type Signature, SignatureRejected, type SignedImage } from "./signature.ts";
import { checkSimplePayload } from "./simple-payload.ts";
import { checkStatement } from "./statement.ts";

/** Whose certificates count: exact texts, or patterns with stars (`lib/text/glob.ts`). */
export type SigstoreTrust = {
  /** The text of a `trusted_root.json`. */
  readonly trustedRoot: string;
  /** Who vouched for them: `https://token.actions.githubusercontent.com`. */
  readonly issuer: string;
  /** Whom the certificate names: a mail address, or the URL of a workflow. One of them must match. */
  readonly identities: readonly string[];
};

/**
 * Whoever had a certificate of Fulcio for an identity, as `cosign sign` without a key makes them ("keyless"). The certificate,
 * its place in a log, and the time of the signature are verified against a trusted root that was read from a file: nobody is
 * asked.
 */
export class SigstoreIdentity implements Authority {
  readonly name: string;
  readonly kinds = ["simple", "bundle"] as const;
  readonly #isIssuer: (text: string) => boolean;
  readonly #identities: readonly ((text: string) => boolean)[];
  readonly #verifier: Verifier;

  private constructor(trust: SigstoreTrust, verifier: Verifier) {
    this.name = `${trust.identities.join(" or ")} (by ${trust.issuer})`;
    this.#isIssuer = compileGlob(trust.issuer);
    this.#identities = trust.identities.map(compileGlob);
    this.#verifier = verifier;
  }

  /** Throws an Error that says what is wrong with the trusted root. */
  static async load(trust: SigstoreTrust): Promise<SigstoreIdentity> {
    return new SigstoreIdentity(trust, await verifierOf(trust.trustedRoot));
  }

  async verify(signature: Signature, image: SignedImage): Promise<void> {
    const { entity, check } = await this.#entityOf(signature);
    let signer: Signer;
    try {
      signer = this.#verifier.verify(entity);
    } catch (error) {
      throw rejected(error);
    }
    this.#checkIdentity(signer);
    check(image);
  }

  /** What the library verifies, and what it leaves to us: of which image it is. */
  async #entityOf(
    signature: Signature,
  ): Promise<{ readonly entity: SignedEntity; readonly check: (image: SignedImage) => void }> {
    if (signature.kind === "notation") throw new SignatureRejected("is of another format");
    const [{ bundleFromJSON }, { toSignedEntity }] = await Promise.all([
      import("@sigstore/bundle"),
      import("@sigstore/verify"),
    ]);
    try {
      if (signature.kind === "simple") {
        const { payload } = signature;
        const bundle = bundleFromJSON(simpleAsBundle(signature));
        const entity = toSignedEntity(bundle, Buffer.from(payload));
        return { entity, check: (image) => checkSimplePayload(payload, image) };
      }
      const { document, payload } = readBundleEnvelope(signature.bytes);
      checkBundleBounds(document);
      const entity = toSignedEntity(bundleFromJSON(document));
      return { entity, check: (image) => checkStatement(payload, image) };
    } catch (error) {
      throw rejected(error);
    }
  }

  /** The library takes the identity for an expression that need only match somewhere: it is compared here, as a whole. */
  #checkIdentity({ identity }: Signer): void {
    const issuer = identity?.extensions?.issuer;
    const name = identity?.subjectAlternativeName;
    if (issuer === undefined || name === undefined) throw new SignatureRejected("is by a key without an identity");
    if (this.#isIssuer(issuer) && this.#identities.some((matches) => matches(name))) return;
    throw new SignatureRejected(
      `is by ${JSON.stringify(name.slice(0, 200))} (by ${JSON.stringify(issuer.slice(0, 200))})`,
    );
  }
}

async function verifierOf(text: string): Promise<Verifier> {
  const [{ TrustedRoot }, sigstore] = await Promise.all([
    import("@sigstore/protobuf-specs"),
    import("@sigstore/verify"),
  ]);
  let material: TrustMaterial;
  try {
    const root = TrustedRoot.fromJSON(JSON.parse(text));
    material = sigstore.toTrustMaterial(root, () => {
      throw new SignatureRejected("is by a key, and not by an identity");
    });
  } catch {
    throw new Error("it is no trusted root of sigstore (a trusted_root.json)");
  }
  if (material.certificateAuthorities.length === 0) throw new Error("it names no certificate authority");
  // A trusted root without a log is one of an installation that has none: what is there must be used.
  return new sigstore.Verifier(material, {
    ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
    tlogThreshold: material.tlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
}

/** What the library throws of a signature that a stranger made says why it does not count, whatever it is. */
function rejected(error: unknown): SignatureRejected {
  if (error instanceof SignatureRejected) return error;
  const why = error instanceof Error ? error.message.slice(0, 200) : "it cannot be read";
  return new SignatureRejected(`does not stand: ${why}`);
}
