import { createHmac } from "node:crypto";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { Credentials } from "../credentials.ts";

/** What somebody showed that is nobody's here: it may be theirs at an upstream registry. */
export type UpstreamCredentials = Exclude<Credentials, { readonly kind: "none" }>;

/** Names credentials, and tells nothing of them. The same credentials have the same one, for all larders of a store. */
export type CredentialKey = string;

type Entry = { readonly credentials: UpstreamCredentials; readonly namespaces: Set<Namespace> };

/** Credentials stay so long after they were last used: longer than any token that stands for them. */
const KEPT_MS = 30 * 60_000;
const KEPT = 10_000;

/**
 * Keeps credentials of clients for upstream registries, in memory alone. They are shown to those registries alone that their
 * owner asked for with them.
 */
export class Keychain {
  readonly #secret: () => Promise<Buffer>;
  readonly #entries: ExpiringMap<CredentialKey, Entry>;

  /** `secret` is what keys are made with. */
  constructor(secret: () => Promise<Buffer>, elapsed: () => number) {
    this.#secret = secret;
    this.#entries = new ExpiringMap(KEPT_MS, KEPT, elapsed);
  }

  async add(credentials: UpstreamCredentials): Promise<CredentialKey> {
    const text =
      credentials.kind === "basic"
        ? `basic\0${credentials.username}\0${credentials.password}`
        : `bearer\0${credentials.token}`;
    const key = createHmac("sha256", await this.#secret())
      .update(text)
      .digest("base64url");
    const known = this.#entries.get(key);
    // Anew in any case: its time begins again.
    this.#entries.set(key, known ?? { credentials, namespaces: new Set() });
    return key;
  }

  /** Are they still known? After a restart they are not, and have to be shown again. */
  has(key: CredentialKey): boolean {
    return this.#entries.get(key) !== null;
  }

  /** Their owner has asked for something of this registry with them. */
  mean(key: CredentialKey, namespace: Namespace): void {
    this.#entries.get(key)?.namespaces.add(namespace);
  }

  /** May the registry be shown them? */
  isMeant(key: CredentialKey, namespace: Namespace): boolean {
    return this.#entries.get(key)?.namespaces.has(namespace) === true;
  }

  /** The credentials, for a registry that may be shown them; else null. */
  find(key: CredentialKey, namespace: Namespace): UpstreamCredentials | null {
    const entry = this.#entries.get(key);
    if (entry === null || !entry.namespaces.has(namespace)) return null;
    this.#entries.set(key, entry);
    return entry.credentials;
  }
}
