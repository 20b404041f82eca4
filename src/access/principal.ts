import type { IpAddress } from "../lib/net/ip-address.ts";

/** How a request got here, as the listener knows it: nothing of this is said by the client. */
export type Arrival = {
  /** The other end of the connection; null when it is gone. */
  readonly remote: { readonly address: string; readonly port: number } | null;
  /** Larder's end. The address is null where larder listens on all of this machine's. */
  readonly local: { readonly address: IpAddress | null; readonly port: number };
  readonly scheme: "http" | "https";
};

/** Who asks. People, tokens and certificates will be further kinds. */
export type Principal =
  /** Somebody on the machine that larder runs on. */
  | { readonly kind: "own-machine" }
  /** Anybody. `trait` says what shows that: the rest of "this request …". */
  | { readonly kind: "stranger"; readonly trait: string };

/** Finds out who asks. */
export interface Authenticator {
  authenticate(request: Request, arrival: Arrival): Promise<Principal>;
}

/** Asks nobody who they are: for `--open`, where it does not matter. */
export const everyoneIsAStranger: Authenticator = {
  authenticate: () => Promise.resolve({ kind: "stranger", trait: "came from somebody unknown" }),
};
