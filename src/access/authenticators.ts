import { createHmac, randomBytes } from "node:crypto";
import { ExpiringMap } from "../lib/async/expiring-map.ts";
import { SingleFlight } from "../lib/async/single-flight.ts";
import type { IpNetwork } from "../lib/net/ip-network.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { type Credentials, readCredentials } from "./credentials.ts";
import { FailureThrottle } from "./failure-throttle.ts";
import type { Arrival, Authenticator, CredentialChecker, Principal } from "./principal.ts";
import { clientAddress } from "./proxy-headers.ts";
import { Unauthorized } from "./unauthorized.ts";

/** Keeps credentials that may be somebody's elsewhere. */
export interface ForeignCredentials {
  /** A name for them; null: they are not taken, since nobody elsewhere is asked, or the name is a user's of larder. */
  add(credentials: Exclude<Credentials, { readonly kind: "none" }>): Promise<string | null>;
}

/** What finds out who asks. */
export type AuthenticatorsOptions = {
  /** Asked in this order for credentials of people and programs. */
  readonly checkers: readonly CredentialChecker[];
  /** Knows the tokens of larder's own token server. */
  readonly sessions: CredentialChecker & { known(token: string): Principal | null };
  /** Tells this machine from strangers, where nothing else is said. */
  readonly byConnection: Authenticator;
  /** Have people been set up? Without any, credentials that are nobody's are left aside: there is nothing to log in to. */
  readonly knowsPeople: () => boolean;
  /** Takes credentials that are nobody's here, where upstream registries decide who may pull what of theirs. */
  readonly foreign: ForeignCredentials;
  readonly trustedProxies: () => readonly IpNetwork[];
  /** A clock that nobody sets, in milliseconds. */
  readonly elapsed: () => number;
  /** Is told of each wrong password: of the client's address, and of the name that came with it. */
  readonly failed?: (address: string, username: string) => void;
};

const BEARER = "Bearer ";

/** A password that was right is taken for right so long, or until somebody changes: clients send it with each blob. */
const REMEMBERED = { ms: 60_000, pairs: 1000 };

/** A pair that was right guesses nothing when it comes again: others behind the same address who do must not keep it out. */
const PROVEN = { ms: 86_400_000, pairs: 10_000 };

/**
 * Finds out who asks: by what the request says, else by where it comes from.
 *
 * Passwords are what people guess: failures slow them down. Tokens have too many characters for that, and expire by themselves,
 * so that a wrong one is nothing to be counted.
 */
export class Authenticators implements Authenticator {
  readonly #options: AuthenticatorsOptions;
  readonly #throttle: FailureThrottle;
  /** By a hash that nobody else can make: a password is kept nowhere. */
  readonly #key = randomBytes(32);
  readonly #right: ExpiringMap<string, Principal>;
  /** What was wrong is wrong the next time: a node with an old password guesses nothing, and costs nothing. */
  readonly #wrong: ExpiringMap<string, true>;
  /** By the same hash: what was right within a day. It is compared all the same, and by that alone it is right. */
  readonly #proven: ExpiringMap<string, true>;
  readonly #comparing = new SingleFlight<string, Principal | null>();
  /** Grows with each change, so that what began before it is not remembered. */
  #generation = 0;

  constructor(options: AuthenticatorsOptions) {
    this.#options = options;
    this.#throttle = new FailureThrottle(options.elapsed);
    this.#right = new ExpiringMap(REMEMBERED.ms, REMEMBERED.pairs, options.elapsed);
    this.#wrong = new ExpiringMap(REMEMBERED.ms, REMEMBERED.pairs, options.elapsed);
    this.#proven = new ExpiringMap(PROVEN.ms, PROVEN.pairs, options.elapsed);
  }

  /** Somebody has come, gone or changed: what was right may be wrong now. */
  forget(): void {
    this.#generation++;
    this.#right.clear();
    this.#wrong.clear();
  }

  /**
   * Throws Unauthorized for credentials that are nobody's, and TOOMANYREQUESTS when too many were wrong before; only where
   * people have been set up.
   */
  async authenticate(request: Request, arrival: Arrival): Promise<Principal> {
    const { knowsPeople, byConnection, sessions } = this.#options;
    try {
      const credentials = readCredentials(request.headers);
      const session = credentials.kind === "bearer" ? await sessions.check(credentials, arrival) : null;
      const { scope, upstreamKey } = session ?? {};
      // A token of nobody's says no more than what it is limited to.
      if (session?.kind === "stranger" && scope !== undefined) {
        const key = upstreamKey === undefined ? {} : { upstreamKey };
        return { ...(await byConnection.authenticate(request, arrival)), scope, ...key };
      }
      return session ?? (await this.identify(credentials, request, arrival));
    } catch (error) {
      if (knowsPeople() || !(error instanceof RegistryError)) throw error;
      return byConnection.authenticate(request, arrival);
    }
  }

  authenticateNow(request: Request): Principal | null {
    const header = request.headers.get("authorization");
    if (header === null || !header.startsWith(BEARER)) return null;
    const known = this.#options.sessions.known(header.slice(BEARER.length));
    // Where nobody's token comes from has to be looked at.
    return known?.kind === "stranger" ? null : known;
  }

  /**
   * Who has these credentials, which are none of the token server's own. `mayBeForeign`: what is nobody's may be somebody's at an
   * upstream registry. Throws as `authenticate` does.
   */
  async identify(
    credentials: Credentials,
    request: Request,
    arrival: Arrival,
    mayBeForeign = credentials.kind === "basic",
  ): Promise<Principal> {
    const known =
      credentials.kind === "basic" && this.#options.knowsPeople()
        ? await this.#compare(credentials, request, arrival)
        : await this.#ask(credentials, arrival);
    if (known !== null) return known;
    if (credentials.kind === "none") return this.#options.byConnection.authenticate(request, arrival);
    const upstreamKey = mayBeForeign ? await this.#addForeign(credentials, arrival) : null;
    if (upstreamKey !== null) {
      return { ...(await this.#options.byConnection.authenticate(request, arrival)), upstreamKey };
    }
    throw credentials.kind === "basic"
      ? new Unauthorized("the user name or the password is wrong")
      : new Unauthorized("the token is none that larder knows, or it has expired", "invalid_token");
  }

  /** A token of larder's own token server, in a password's place or another's, is shown to nobody else. */
  async #addForeign(credentials: Exclude<Credentials, { kind: "none" }>, arrival: Arrival): Promise<string | null> {
    const token = credentials.kind === "basic" ? credentials.password : credentials.token;
    const session = await this.#options.sessions.check({ kind: "bearer", token }, arrival);
    return session === null ? this.#options.foreign.add(credentials) : null;
  }

  /** The principal of a session as it is now; null when there is none any more. */
  async recall(principal: Principal): Promise<Principal | null> {
    for (const checker of this.#options.checkers) {
      const now = await checker.recall?.(principal);
      if (now !== undefined) return now;
    }
    return principal;
  }

  async #compare(
    credentials: Extract<Credentials, { kind: "basic" }>,
    request: Request,
    arrival: Arrival,
  ): Promise<Principal | null> {
    const { username, password } = credentials;
    const hash = createHmac("sha256", this.#key).update(`${username}\0${password}`).digest("base64");
    const right = this.#right.get(hash);
    if (right !== null) return right;
    if (this.#wrong.get(hash) !== null) return null;
    const { remote } = arrival;
    const address = clientAddress(request.headers, remote?.address ?? "", this.#options.trustedProxies());
    // Who asks the same at once, as clients do for an image's layers, shares one answer.
    return this.#comparing.run(`${this.#generation} ${hash}`, () =>
      this.#compareOnce(credentials, { hash, address, username }, arrival),
    );
  }

  async #compareOnce(
    credentials: Credentials,
    { hash, address, username }: { hash: string; address: string; username: string },
    arrival: Arrival,
  ): Promise<Principal | null> {
    const waitMs = this.#proven.get(hash) === null ? this.#throttle.waitMs(address, username) : 0;
    if (waitMs > 0) throw tooManyFailures(waitMs);
    const generation = this.#generation;
    this.#throttle.begin(address, username);
    try {
      const principal = await this.#ask(credentials, arrival);
      if (principal === null) {
        this.#proven.delete(hash);
        // A whole fleet may show what is somebody's elsewhere; who guesses there is slowed down there.
        const isForeign = credentials.kind === "basic" && (await this.#addForeign(credentials, arrival)) !== null;
        if (isForeign) this.#throttle.takeBack(address, username);
        else {
          this.#options.failed?.(address, username);
          if (generation === this.#generation) this.#wrong.set(hash, true);
        }
        return null;
      }
      this.#throttle.takeBack(address, username);
      // What else comes as a password has its own time, and is checked as fast as it is remembered.
      if (principal.kind !== "user") return principal;
      this.#proven.set(hash, true);
      if (generation === this.#generation) this.#right.set(hash, principal);
      return principal;
    } catch (error) {
      // That nobody could say is no failure of whoever asked.
      if (!(error instanceof RegistryError) || error.code !== "UNAUTHORIZED")
        this.#throttle.takeBack(address, username);
      else this.#options.failed?.(address, username);
      throw error;
    }
  }

  async #ask(credentials: Credentials, arrival: Arrival): Promise<Principal | null> {
    for (const checker of this.#options.checkers) {
      const principal = await checker.check(credentials, arrival);
      if (principal !== null) return principal;
    }
    return null;
  }
}

function tooManyFailures(waitMs: number): RegistryError {
  const seconds = Math.ceil(waitMs / 1000);
  return new RegistryError(
    "TOOMANYREQUESTS",
    `too many wrong passwords came from there, or for that user; try again in ${seconds} s`,
    { retryAfterSeconds: seconds },
  );
}
