import type { Finding } from "./finding.ts";

/** Where a runtime of this machine asks for the images of a registry, by its settings. */
export type Route = {
  /** The registry's host; `*` for all that have no route of their own. */
  readonly registry: string;
  /** The addresses that it tries, in this order: `http://10.0.0.5:5000`. */
  readonly origins: readonly string[];
  /** A file of authorities that it trusts there besides the system's; null: none. */
  readonly caPath: string | null;
  /** Does it verify certificates there? */
  readonly verifies: boolean;
  /** The file that says so. */
  readonly path: string;
};

/** What the files of a runtime on this machine say. */
export type RuntimeSetup = {
  readonly runtime: string;
  readonly routes: readonly Route[];
  /** Does the runtime go by these routes? Else they tell at most where larder is, and the problems why not. */
  readonly isInEffect: boolean;
  /** What is wrong with the files themselves. */
  readonly problems: readonly Finding[];
};

/** An origin of `HOST[:PORT]/path` by a scheme, without the path. */
export function originOf(scheme: "http" | "https", location: string): string {
  return `${scheme}://${location.split("/")[0]}`;
}

/** The scheme, host and port of a URL; null when it is none. */
export function tryOriginOf(url: string): string | null {
  const parsed = URL.parse(url.includes("://") ? url : `https://${url}`);
  return parsed === null || !/^https?:$/.test(parsed.protocol) ? null : parsed.origin;
}
