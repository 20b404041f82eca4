import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { parseRepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { type Certificate, hasOpenssl, makeCertificate } from "./transport/certificate.fixture.ts";
import { type CredentialSource, fixedCredentials } from "./auth/credentials.ts";
import { type DockerRegistry, hasDockerRegistry, startDockerRegistry } from "./docker-registry.fixture.ts";
import type { RegistryClient } from "./registry-client.ts";
import { blobOf, bytesOf, clientOf, failureOf, manifestOf, NAMESPACE, PATH, randomBytes } from "./registry.fixture.ts";
import { startTokenService, type TestTokenService, USER } from "./auth/token-service.fixture.ts";

const PRIVATE = parseRepositoryPath("private/app");
const V1 = parseTag("v1");
const layer = randomBytes(3_000_000);
const config = new TextEncoder().encode("{}");
const manifest = manifestOf(layer, config);

async function pushImage(client: RegistryClient, path = PATH, tag = V1): Promise<void> {
  await client.pushBlob(path, blobOf(layer));
  await client.pushBlob(path, blobOf(config));
  await client.putManifest(path, tag, manifest);
}

describe.skipIf(!hasDockerRegistry)("a docker-registry that is open to everybody", () => {
  let registry: DockerRegistry;
  let client: RegistryClient;
  beforeAll(async () => {
    registry = await startDockerRegistry({ kind: "none" });
    client = clientOf(registry.url);
    await pushImage(client);
  });
  afterAll(() => registry.stop());

  test("gives back to the byte what was pushed, by tag and by digest", async () => {
    const digest = digestOf(manifest.bytes);
    expect(await client.headManifest(PATH, V1)).toEqual({
      digest,
      mediaType: manifest.mediaType,
      sizeBytes: manifest.bytes.byteLength,
    });
    for (const reference of [V1, digest]) {
      const fetched = await client.getManifest(PATH, reference);
      expect(fetched?.digest).toBe(digest);
      expect(fetched?.mediaType).toBe(manifest.mediaType);
      expect(Buffer.compare(fetched?.bytes ?? new Uint8Array(), manifest.bytes)).toBe(0);
    }
  });

  test("gives a blob, and the rest of one", async () => {
    const digest = digestOf(layer);
    expect(await client.headBlob(PATH, digest)).toEqual({ sizeBytes: layer.byteLength });
    const whole = await client.getBlob(PATH, digest);
    expect([whole?.offset, whole?.totalBytes]).toEqual([0, layer.byteLength]);
    expect(digestOf(await bytesOf(whole?.body))).toBe(digest);
    const rest = await client.getBlob(PATH, digest, { offset: 2_500_000 });
    expect([rest?.offset, rest?.totalBytes]).toEqual([2_500_000, layer.byteLength]);
    expect(Buffer.compare(await bytesOf(rest?.body), layer.subarray(2_500_000))).toBe(0);
  });

  test("has null for what is not there", async () => {
    expect(await client.headManifest(PATH, parseTag("none"))).toBeNull();
    expect(await client.getManifest(PATH, digestOf("none"))).toBeNull();
    expect(await client.getManifest(PRIVATE, V1)).toBeNull();
    expect(await client.getBlob(PATH, digestOf("none"))).toBeNull();
    expect(await client.headBlob(PATH, digestOf("none"))).toBeNull();
    expect(await client.listTags(PRIVATE)).toBeNull();
    expect(await client.listReferrers(PATH, digestOf(manifest.bytes))).toEqual([]);
    expect(await client.deleteManifest(PATH, digestOf("none"))).toBe(false);
  });

  test("takes a blob once, and mounts it elsewhere", async () => {
    const [bytes, other] = [randomBytes(1000), parseRepositoryPath("other/app")];
    expect(await client.pushBlob(PATH, blobOf(bytes))).toBe("uploaded");
    expect(await client.pushBlob(PATH, blobOf(bytes))).toBe("present");
    expect(await client.pushBlob(other, blobOf(bytes), { mountFrom: PATH })).toBe("mounted");
    expect(await client.pushBlob(other, blobOf(randomBytes(1000)), { mountFrom: PATH })).toBe("uploaded");
  });

  test("takes blobs of unknown length, and empty ones", async () => {
    const bytes = randomBytes(700_000);
    expect(await client.pushBlob(PATH, blobOf(bytes, { knownSize: false }))).toBe("uploaded");
    expect(await bytesOf((await client.getBlob(PATH, digestOf(bytes)))?.body)).toEqual(bytes);
    expect(await client.pushBlob(PATH, blobOf(new Uint8Array()))).toBe("uploaded");
  });

  test("refuses a blob with another digest, and says so", async () => {
    const wrong = { ...blobOf(randomBytes(100)), digest: digestOf("something else") };
    expect(await failureOf(client.pushBlob(PATH, wrong))).toEqual({
      kind: "rejected",
      status: 400,
      codes: ["DIGEST_INVALID"],
    });
  });

  test("lists tags and repositories over many pages", async () => {
    const path = parseRepositoryPath("many/tags");
    await pushImage(client, path);
    for (const name of ["a", "b", "c"]) await client.putManifest(path, parseTag(name), manifest);
    // This version of docker-registry gives them in no order, on one page.
    expect((await client.listTags(path))?.tags.toSorted()).toEqual(["a", "b", "c", "v1"].map(parseTag));
    expect((await client.listTags(path, { limit: 2 }))?.tags).toHaveLength(2);
    expect(await client.listRepositories()).toContain(path);
    const one = await client.listRepositories({ limit: 1 });
    const rest = await client.listRepositories({ after: one?.[0] ?? "" });
    expect([...(one ?? []), ...(rest ?? [])]).toEqual([...((await client.listRepositories()) ?? [])]);
  });

  test("deletes a manifest", async () => {
    const path = parseRepositoryPath("to/delete");
    await pushImage(client, path);
    expect(await client.deleteManifest(path, digestOf(manifest.bytes))).toBe(true);
    expect(await client.getManifest(path, V1)).toBeNull();
  });
});

describe.skipIf(!hasDockerRegistry)("a docker-registry with Basic authentication", () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry({ kind: "basic", username: "me", password: "pä:ss" });
  });
  afterAll(() => registry.stop());

  test("lets in with the password, for pushes too", async () => {
    const client = clientOf(registry.url, { credentials: fixedCredentials(NAMESPACE, "me", "pä:ss") });
    await client.ping();
    await pushImage(client);
    expect((await client.getManifest(PATH, V1))?.digest).toBe(digestOf(manifest.bytes));
  });

  test("turns away everybody else", async () => {
    const strangers = [
      clientOf(registry.url),
      clientOf(registry.url, { credentials: fixedCredentials(NAMESPACE, "me", "x") }),
    ];
    for (const client of strangers) {
      expect(await failureOf(client.ping())).toEqual({ kind: "unauthorized", status: 401 });
      expect(await failureOf(client.getManifest(PATH, V1))).toEqual({ kind: "unauthorized", status: 401 });
    }
  });

  test("gets the password again when that has changed", async () => {
    let password = "old";
    const credentials: CredentialSource = {
      find: () => Promise.resolve({ kind: "password", username: "me", password }),
    };
    const client = clientOf(registry.url, { credentials });
    expect(await failureOf(client.ping())).toEqual({ kind: "unauthorized", status: 401 });
    password = "pä:ss";
    await client.ping();
  });
});

describe.skipIf(!hasDockerRegistry || !hasOpenssl)("a docker-registry behind a token service", () => {
  let registry: DockerRegistry;
  let tokens: TestTokenService;
  let certificate: Certificate;
  const user = fixedCredentials(NAMESPACE, USER.username, USER.password);
  beforeAll(async () => {
    certificate = await makeCertificate("DNS:token.test");
    tokens = startTokenService(certificate);
    registry = await startDockerRegistry({ kind: "token", realm: tokens.realm, cert: certificate.cert });
    const client = clientOf(registry.url, { credentials: user });
    await pushImage(client);
    await pushImage(client, PRIVATE);
    // One token a repository, for all of a push.
    expect(tokens.questions.length).toBe(2);
    tokens.questions.length = 0;
  });
  afterEach(() => {
    tokens.questions.length = 0;
    tokens.intercept = null;
    tokens.lifetimeSeconds = 300;
  });
  afterAll(async () => {
    tokens.stop();
    await registry.stop();
  });

  test("lets anybody pull what is public, with one token for all of a repository", async () => {
    const client = clientOf(registry.url);
    await client.headManifest(PATH, V1);
    await client.getManifest(PATH, V1);
    expect(digestOf(await bytesOf((await client.getBlob(PATH, digestOf(layer)))?.body))).toBe(digestOf(layer));
    expect(tokens.questions).toEqual([{ method: "GET", scopes: ["repository:public/app:pull"], who: "anonymous" }]);
  });

  test("keeps from anybody what is not", async () => {
    expect(await failureOf(clientOf(registry.url).getManifest(PRIVATE, V1))).toEqual({
      kind: "unauthorized",
      status: 401,
    });
    expect(await failureOf(clientOf(registry.url).pushBlob(PATH, blobOf(randomBytes(10))))).toMatchObject({
      kind: "unauthorized",
    });
  });

  test("gives it to who has a password or a refresh token", async () => {
    const refresh: CredentialSource = {
      find: () => Promise.resolve({ kind: "identity-token", username: "<token>", token: USER.refreshToken }),
    };
    for (const credentials of [user, refresh]) {
      const client = clientOf(registry.url, { credentials });
      expect((await client.getManifest(PRIVATE, V1))?.digest).toBe(digestOf(manifest.bytes));
    }
    expect(tokens.questions.map(({ method, who }) => [method, who])).toEqual([
      ["GET", USER.username],
      ["POST", "refresh-token"],
    ]);
  });

  test("asks by the other method where one is not offered", async () => {
    const refresh: CredentialSource = {
      find: () => Promise.resolve({ kind: "identity-token", username: USER.username, token: USER.password }),
    };
    for (const [refused, status, credentials] of [
      ["GET", 405, user],
      ["POST", 400, refresh],
    ] as const) {
      tokens.intercept = (request) => (request.method === refused ? new Response("", { status }) : undefined);
      const client = clientOf(registry.url, { credentials });
      expect((await client.getManifest(PRIVATE, V1))?.digest).toBe(digestOf(manifest.bytes));
    }
    expect(tokens.questions.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  test("shares one token between concurrent requests, and outlives a caller that leaves", async () => {
    const [asked, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    tokens.intercept = async () => {
      asked.resolve();
      await left.promise;
      return undefined as never;
    };
    const client = clientOf(registry.url);
    const leaving = new AbortController();
    const requests = [leaving.signal, undefined, undefined, undefined].map((signal) =>
      client.headManifest(PATH, V1, signal === undefined ? {} : { signal }),
    );
    await asked.promise;
    leaving.abort(new Error("gone"));
    expect(await requests[0]?.catch((error: Error) => error.message)).toBe("gone");
    left.resolve();
    const outcomes = await Promise.allSettled(requests);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
    expect(tokens.questions.length).toBe(1);
  });

  test("is asked with a new token shortly before the old one expires", async () => {
    let nowMs = Date.now();
    const client = clientOf(registry.url, { clock: { now: () => nowMs, elapsed: () => nowMs } });
    await client.headManifest(PATH, V1);
    nowMs += 289_000;
    await client.headManifest(PATH, V1);
    expect(tokens.questions.length).toBe(1);
    nowMs += 2000;
    await client.headManifest(PATH, V1);
    expect(tokens.questions.length).toBe(2);
  });

  test("is asked with a new token, once, when it refuses the old one", async () => {
    let garbage = true;
    tokens.intercept = (request) =>
      garbage && request.method === "GET" ? Response.json({ token: "garbage", expires_in: 300 }) : undefined;
    const client = clientOf(registry.url);
    expect(await failureOf(client.headManifest(PATH, V1))).toEqual({ kind: "unauthorized", status: 401 });
    garbage = false;
    expect(await client.headManifest(PATH, V1)).not.toBeNull();
  });

  test("mounts from a repository that the token permits reading as well", async () => {
    const client = clientOf(registry.url, { credentials: user });
    const to = parseRepositoryPath("private/mounted");
    expect(await client.pushBlob(to, blobOf(layer), { mountFrom: PRIVATE })).toBe("mounted");
    const scopes = ["repository:private/mounted:pull,push", "repository:private/app:pull"];
    expect(tokens.questions.at(-1)?.scopes.toSorted()).toEqual(scopes.toSorted());
  });

  test("lets who is permitted see the catalog and delete", async () => {
    const client = clientOf(registry.url, { credentials: user });
    const path = parseRepositoryPath("private/deleted");
    await pushImage(client, path);
    expect(await client.listRepositories()).toContain(path);
    expect(await client.deleteManifest(path, digestOf(manifest.bytes))).toBe(true);
    expect(await failureOf(clientOf(registry.url).listRepositories())).toMatchObject({ kind: "unauthorized" });
  });

  test("is asked by ping with the password, which has to be right", async () => {
    await clientOf(registry.url, { credentials: user }).ping();
    const wrong = clientOf(registry.url, { credentials: fixedCredentials(NAMESPACE, USER.username, "wrong") });
    expect(await failureOf(wrong.ping())).toEqual({ kind: "unauthorized", status: 401 });
  });

  test.each([
    [
      () => new Response("", { status: 429, headers: { "retry-after": "30" } }),
      { kind: "rate-limited", retryAfterSeconds: 30 },
    ],
    [() => new Response("", { status: 500 }), { kind: "server-error", status: 500 }],
    [() => new Response("<html>"), { kind: "protocol" }],
    [() => Response.json({ token: "with\r\nnewline" }), { kind: "protocol" }],
    [() => new Response("x".repeat(2_000_000)), { kind: "protocol" }],
    [() => Response.redirect("http://169.254.169.254/latest", 302), { kind: "refused" }],
  ])("fails as its token service does, %#", async (answer, failure) => {
    tokens.intercept = answer;
    const client = clientOf(registry.url, { limits: { retries: 0 } });
    expect(await failureOf(client.headManifest(PATH, V1))).toEqual(failure as never);
  });
});
