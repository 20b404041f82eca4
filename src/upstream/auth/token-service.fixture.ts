import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import type { Certificate } from "../transport/certificate.fixture.ts";

/** A token service on loopback that docker-registry believes. */
export type TestTokenService = {
  readonly realm: string;
  /** What was asked of it: method, scopes, and who asked (`anonymous`, a user name, `refresh-token`). */
  readonly questions: { readonly method: string; readonly scopes: readonly string[]; readonly who: string }[];
  /** Answers a question in its own way; undefined: as usual. */
  intercept: ((request: Request) => Response | Promise<Response> | undefined) | null;
  lifetimeSeconds: number;
  stop(): void;
};

/** The one user. Everybody may pull from below `public/`; the user may do everything. */
export const USER = { username: "puller", password: "s3cret: ü", refreshToken: "refresh-me" };

export function startTokenService(certificate: Certificate): TestTokenService {
  const service: TestTokenService = { realm: "", questions: [], intercept: null, lifetimeSeconds: 300, stop: () => {} };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const own = await service.intercept?.(request);
      if (own !== undefined) return own;
      const form =
        request.method === "POST" ? new URLSearchParams(await request.text()) : new URL(request.url).searchParams;
      const who = whoAsks(request, form);
      const scopes = form.getAll("scope").flatMap((scope) => scope.split(" "));
      service.questions.push({ method: request.method, scopes, who: who ?? "nobody" });
      if (who === null)
        return Response.json({ errors: [{ code: "UNAUTHORIZED", message: "wrong password" }] }, { status: 401 });
      const token = grant(certificate, scopes, who, form.get("service") ?? "", service.lifetimeSeconds);
      return Response.json({
        [request.method === "POST" ? "access_token" : "token"]: token,
        expires_in: service.lifetimeSeconds,
      });
    },
  });
  return Object.assign(service, { realm: `http://127.0.0.1:${server.port}/token`, stop: () => void server.stop(true) });
}

function whoAsks(request: Request, form: URLSearchParams): string | null {
  if (form.get("grant_type") === "refresh_token")
    return form.get("refresh_token") === USER.refreshToken ? "refresh-token" : null;
  const isPost = form.get("grant_type") === "password";
  const basic = isPost ? `${form.get("username")}:${form.get("password")}` : basicOf(request);
  if (basic === null) return "anonymous";
  return basic === `${USER.username}:${USER.password}` ? USER.username : null;
}

function basicOf(request: Request): string | null {
  const header = request.headers.get("authorization");
  return header === null ? null : Buffer.from(header.replace("Basic ", ""), "base64").toString();
}

function grant(
  { cert, key }: Certificate,
  scopes: readonly string[],
  who: string,
  audience: string,
  lifetime: number,
): string {
  const access = scopes.map((scope) => {
    const [, type = "", name = "", actions = ""] = /^([^:]*):(.*):([^:]*)$/.exec(scope) ?? [];
    const allowed = actions
      .split(",")
      .filter((action) => who !== "anonymous" || (action === "pull" && name.startsWith("public/")));
    return { type, name, actions: allowed };
  });
  const now = Math.floor(Date.now() / 1000);
  const x5c = [new X509Certificate(cert).raw.toString("base64")];
  const header = { typ: "JWT", alg: "ES256", x5c };
  const claims = {
    iss: "test",
    sub: who,
    aud: audience,
    exp: now + lifetime,
    nbf: now - 5,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const encoded = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(encoded), { key: createPrivateKey(key), dsaEncoding: "ieee-p1363" });
  return `${encoded}.${signature.toString("base64url")}`;
}
