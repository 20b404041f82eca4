/**
 * A host with a port or without one, as URLs, headers and settings write it (RFC 3986, section 3.2):
 *
 *     registry.lan    registry.lan:5000    10.0.0.5:5000    [fd00::5]    [fd00::5]:5000    :80
 */
export type HostPort = {
  /** A name or an address as it was written, an IPv6 address without its brackets. Empty when only a port is there. */
  readonly host: string;
  /** 0 to 65535; null when there is none. */
  readonly port: number | null;
};

/** The port that a scheme implies. */
export const DEFAULT_PORT = { http: 80, https: 443 } as const;

const FORM = /^(?:\[([^\s/@,?#\][\\]*:[^\s/@,?#\][\\]*)\]|([^\s:/@,?#\][\\]*))(?::(\d{1,5}))?$/;

/** Splits a host from its port. Null when it is nothing of the kind, as an IPv6 address without brackets. */
export function tryParseHostPort(text: string): HostPort | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const port = match[3] === undefined ? null : Number(match[3]);
  return port !== null && port > 65_535 ? null : { host: match[1] ?? match[2] ?? "", port };
}

/** `registry.lan`, `registry.lan:5000`, `[fd00::5]:5000`: as a URL has it. */
export function formatHostPort(host: string, port: number | null): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === null ? name : `${name}:${port}`;
}

/** The host alone, without brackets. Text that is no host with a port is its own host: `fd00::5`. */
export function hostWithoutPort(text: string): string {
  return tryParseHostPort(text)?.host ?? text;
}
