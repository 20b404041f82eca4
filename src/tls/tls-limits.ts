/** Which TLS a listener speaks. */
export type TlsLimits = {
  readonly minimum: "1.2" | "1.3";
  /** OpenSSL's names of the cipher suites of TLS 1.2; none: the usual ones. */
  readonly ciphers: readonly string[];
};

const NUMBERS = { "1.2": 0x0303, "1.3": 0x0304 } as const;

/** The limits as Bun.serve takes them. */
export function limitsOfServe({ minimum, ciphers }: TlsLimits) {
  return { minVersion: NUMBERS[minimum], ...ciphersOf(ciphers) };
}

/** The limits as node:tls takes them. */
export function limitsOfNode({ minimum, ciphers }: TlsLimits) {
  return { minVersion: `TLSv${minimum}`, ...ciphersOf(ciphers) } as const;
}

function ciphersOf(ciphers: readonly string[]): { readonly ciphers?: string } {
  return ciphers.length === 0 ? {} : { ciphers: ciphers.join(":") };
}
