import { describeFailure } from "../lib/failures/describe-failure.ts";
import type { SignatureRule } from "../registry/signatures/signature-rules.ts";
import { CosignKeys, readPublicKey } from "../signatures/cosign-keys.ts";
import { NotationTrust } from "../signatures/notation-trust.ts";
import type { Authority } from "../signatures/signature.ts";
import { SigstoreIdentity } from "../signatures/sigstore-identity.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";
import type { RequireSettings } from "./settings/require-shape.ts";

/**
 * Reads the keys, roots and certificates that the rules of `require` name. Throws ConfigurationError with all that is wrong,
 * each with its rule's pattern, its key and its file.
 */
export async function openSignatureRules(settings: readonly RequireSettings[]): Promise<readonly SignatureRule[]> {
  const problems: string[] = [];
  const rules: SignatureRule[] = [];
  for (const { pattern, except, ...trust } of settings) {
    try {
      rules.push({ pattern, except, authorities: await openAuthorities(trust) });
    } catch (error) {
      problems.push(`require: ${pattern.text}: ${describeFailure(error)}`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return rules;
}

/** Whose signatures count, with the files that say so. */
export type TrustSettings = Pick<RequireSettings, "cosignKeys" | "sigstore" | "notation">;

/** Reads the files. Throws an Error that says which key and file are wrong, and why. */
export async function openAuthorities(trust: TrustSettings): Promise<readonly Authority[]> {
  const opened = [await openKeys(trust), await openSigstore(trust), await openNotation(trust)];
  return opened.filter((authority) => authority !== null);
}

async function openKeys({ cosignKeys }: TrustSettings): Promise<Authority | null> {
  if (cosignKeys.length === 0) return null;
  const keys = cosignKeys.map(async (file) => ({ file, key: await reading("cosignKey", file, readPublicKey) }));
  return new CosignKeys(await Promise.all(keys));
}

async function openSigstore({ sigstore }: TrustSettings): Promise<Authority | null> {
  if (sigstore === null) return null;
  const { trustedRoot, ...identity } = sigstore;
  return reading("sigstore.trustedRoot", trustedRoot, (text) =>
    SigstoreIdentity.load({ ...identity, trustedRoot: text }),
  );
}

async function openNotation({ notation }: TrustSettings): Promise<Authority | null> {
  if (notation === null) return null;
  const files = await Promise.all(
    notation.trustStore.map(async (file) => ({ file, pem: await reading("notation.trustStore", file, (pem) => pem) })),
  );
  try {
    return new NotationTrust({ files, identities: notation.identities });
  } catch (error) {
    throw new Error(`notation: ${describeFailure(error)}`, { cause: error });
  }
}

async function reading<T>(key: string, file: string, read: (text: string) => T | Promise<T>): Promise<T> {
  let text: string;
  try {
    text = await readSettingFile(file);
  } catch (cause) {
    throw new Error(`${key}: ${describeFailure(cause)}`, { cause });
  }
  try {
    return await read(text);
  } catch (cause) {
    throw new Error(`${key}: ${file}: ${describeFailure(cause)}`, { cause });
  }
}
