import type { Fetch } from "../admin/admin-client.ts";

/**
 * A `fetch` for a registry that is named by its address: past the environment's proxy, and without the runtime's limit
 * for long answers. `caPem`: certificate authorities that are trusted besides the public ones, null for none.
 */
export async function straightFetch(caPem: string | null): Promise<Fetch> {
  const tls = caPem === null ? {} : { tls: { ca: [...(await publicAuthorities()), caPem] } };
  // Bun goes through the environment's proxy unless it is told not to.
  return (url, init) => fetch(url, { ...init, ...tls, proxy: false as unknown as string, timeout: false });
}

async function publicAuthorities(): Promise<readonly string[]> {
  const { getCACertificates } = await import("node:tls");
  return getCACertificates("default");
}
