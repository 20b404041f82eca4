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
  for (const rule of settings) {
    const authorities: Authority[] = [];
    for (const open of [openKeys, openSigstore, openNotation]) {
      try {
        const authority = await open(rule);
        if (authority !== null) authorities.push(authority);
      } catch (error) {
        problems.push(`require: ${rule.pattern.text}: ${describeFailure(error)}`);
      }
    }
    rules.push({ pattern: rule.pattern, except: rule.except, authorities });
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return rules;
}

async function openKeys({ cosignKeys }: RequireSettings): Promise<Authority | null> {
  if (cosignKeys.length === 0) return null;
  const keys = cosignKeys.map(async (file) => ({ file, key: await reading("cosignKey", file, readPublicKey) }));
  return new CosignKeys(await Promise.all(keys));
}

async function openSigstore({ sigstore }: RequireSettings): Promise<Authority | null> {
  if (sigstore === null) return null;
  const { trustedRoot, ...identity } = sigstore;
  return reading("sigstore.trustedRoot", trustedRoot, (text) =>
    SigstoreIdentity.load({ ...identity, trustedRoot: text }),
  );
}

async function openNotation({ notation }: RequireSettings): Promise<Authority | null> {
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
