import { discoverKeys } from "../access/oidc/discover-keys.ts";
import { FILE_LIMITS, IssuerKeys, REMOTE_LIMITS } from "../access/oidc/issuer-keys.ts";
import { parseKeySet, type PublicKey, tryParseStoredKeySet } from "../access/oidc/key-set.ts";
import type { OidcProvider } from "../access/oidc/oidc-provider.ts";
import type { Clock } from "../lib/async/clock.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import type { SettingsStore } from "../storage/settings.ts";
import type { Log } from "../telemetry/log.ts";
import { VERSION } from "../telemetry/version.ts";
import { openDocumentReader } from "../upstream/open-document-reader.ts";
import { dnsResolver, systemResolver } from "../upstream/transport/host-resolver.ts";
import { proxyFromEnvironment } from "../upstream/transport/proxy-settings.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import type { OidcSettings } from "./settings/oidc-shape.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";
import type { Settings } from "./settings/settings.ts";

/** What asking issuers needs of the process. */
export type IssuerEnvironment = {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly clock: Clock;
  /** Keeps the last keys of each issuer. */
  readonly store: Pick<SettingsStore, "get" | "set">;
  readonly isOffline: () => boolean;
};

/** What is configured of an issuer, with the content of the files that it names. */
type IssuerSetup = OidcSettings & { readonly caPem: string | null; readonly resolvers: readonly string[] };

/**
 * Opens the issuers that are configured. After a reload, one whose settings and authority have not changed keeps the keys that
 * it had.
 */
export class IssuerOpener {
  readonly #environment: IssuerEnvironment;
  #open: ReadonlyMap<string, OidcProvider> = new Map();
  #providers: readonly OidcProvider[] = [];

  constructor(environment: IssuerEnvironment) {
    this.#environment = environment;
  }

  /** Those that are configured now. */
  get providers(): readonly OidcProvider[] {
    return this.#providers;
  }

  /**
   * Reads the files that the settings name. What it returns makes the issuers those that are believed, at once and without
   * failing. Throws ConfigurationError, and has changed nothing then.
   */
  async prepare({ oidc, resolvers }: Pick<Settings, "oidc" | "resolvers">): Promise<() => void> {
    const setups = await Promise.all(oidc.map((issuer) => setupOf(issuer, resolvers)));
    const opened = new Map(
      setups.map((setup) => {
        const text = JSON.stringify(setup);
        return [text, this.#open.get(text) ?? this.#openIssuer(setup)] as const;
      }),
    );
    return () => {
      this.#open = opened;
      this.#providers = [...opened.values()];
    };
  }

  #openIssuer(setup: IssuerSetup): OidcProvider {
    const { name, issuer, audience, jwks } = setup;
    const { log, clock, store, isOffline } = this.#environment;
    const key = `oidcKeys ${issuer}`;
    const shared = {
      now: clock.now,
      onFailure: (error: string) =>
        log.write("warning", "the keys of an issuer cannot be had", { issuer, name, error }),
    };
    const keys =
      jwks === null
        ? new IssuerKeys({
            ...shared,
            read: this.#asking(setup),
            mayRead: () => !isOffline(),
            recall: async () => tryParseStoredKeySet(await store.get(key)),
            keep: (set) => store.set(key, set),
            limits: REMOTE_LIMITS,
          })
        : new IssuerKeys({
            ...shared,
            read: () => readKeyFile(jwks),
            mayRead: () => true,
            recall: async () => null,
            keep: async () => {},
            limits: FILE_LIMITS,
          });
    return { name, issuer, audiences: audience, keys };
  }

  /** Asks by the rules by which upstream registries are asked. */
  #asking({ issuer, caPem, resolvers }: IssuerSetup): () => Promise<readonly PublicKey[]> {
    const { variables, clock } = this.#environment;
    const fetchDocument = openDocumentReader({
      root: new URL(issuer),
      caPem,
      resolver: resolvers.length === 0 ? systemResolver(clock.elapsed) : dnsResolver(resolvers, clock.elapsed),
      chooseProxy: proxyFromEnvironment(variables),
      userAgent: `larder/${VERSION}`,
      clock,
    });
    return () => discoverKeys(issuer, fetchDocument);
  }
}

async function setupOf(issuer: OidcSettings, resolvers: readonly string[]): Promise<IssuerSetup> {
  const { name, jwks, ca } = issuer;
  if (jwks !== null) await reading(name, "jwks", () => readKeyFile(jwks));
  const caPem = ca === null ? null : await reading(name, "ca", () => readAuthorities(ca));
  return { ...issuer, caPem, resolvers };
}

async function readKeyFile(path: string): Promise<readonly PublicKey[]> {
  const text = await readSettingFile(path);
  try {
    return parseKeySet(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} cannot be used: ${describeFailure(cause)}`, { cause });
  }
}

async function readAuthorities(path: string): Promise<string> {
  const pem = await readSettingFile(path);
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new Error(`${path} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
}

async function reading<T>(name: string, key: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new ConfigurationError(`auth.oidc: ${key} of ${name}: ${describeFailure(cause)}`, { cause });
  }
}
