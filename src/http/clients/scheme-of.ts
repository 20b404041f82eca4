import type { Exchange } from "../exchange.ts";

/**
 * The scheme that the client used, which a proxy that ends TLS tells in this header. A client that lies in it gets a
 * script that does not work.
 */
export function schemeOf({ request, scheme }: Pick<Exchange, "request" | "scheme">): "http" | "https" {
  const forwarded = request.headers.get("x-forwarded-proto")?.split(",")[0]?.trim().toLowerCase();
  if (forwarded === "http" || forwarded === "https") return forwarded;
  return scheme;
}
