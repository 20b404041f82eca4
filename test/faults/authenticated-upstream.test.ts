/** Debian's docker-registry as the upstream, which gives nothing to those without credentials. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasOpenssl, makeCertificate } from "../../src/upstream/transport/certificate.fixture.ts";
import {
  type DockerRegistry,
  type DockerRegistryAuth,
  hasDockerRegistry,
  startDockerRegistry,
} from "../../src/upstream/docker-registry.fixture.ts";
import { startTokenService, type TestTokenService, USER } from "../../src/upstream/auth/token-service.fixture.ts";
import { type Image, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { ask, expectPull } from "../conformance/ways-of-asking.ts";
import { requirement } from "../requirement.ts";

const HOST = "private.test";
const WAY = { ns: HOST };
const REPOSITORY = "private/app";

let folder: string;
let registry: DockerRegistry;
let image: Image;
let larder: LarderProcess | null = null;

/** Starts the registry and has skopeo push an image there, with the credentials. */
async function publish(auth: DockerRegistryAuth): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "larder-test-"));
  registry = await startDockerRegistry(auth);
  image = makeImage();
  const layout = join(folder, "layout");
  const [algorithm = "", hex = ""] = image.manifest.digest.split(":");
  const descriptor = {
    mediaType: image.manifest.mediaType,
    digest: `${algorithm}:${hex}`,
    size: image.manifest.bytes.length,
  };
  const index = { schemaVersion: 2, manifests: [descriptor] };
  for (const { digest, bytes } of [image.manifest, ...image.blobs]) {
    await Bun.write(join(layout, "blobs", digest.replace(":", "/")), bytes);
  }
  await Bun.write(join(layout, "index.json"), JSON.stringify(index));
  await Bun.write(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const target = `docker://${new URL(registry.url).host}/${REPOSITORY}:1`;
  const flags = ["--quiet", "--preserve-digests", "--dest-tls-verify=false"];
  const credentials = ["--dest-creds", `${USER.username}:${USER.password}`];
  const copy = Bun.spawn(["skopeo", "copy", ...flags, ...credentials, `oci:${layout}`, target], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    timeout: 20_000,
  });
  if ((await copy.exited) !== 0) throw new Error(await copy.stderr.text());
}

async function serveWith(...more: string[]): Promise<LarderProcess> {
  larder = await startLarder({ arguments: ["--upstream", `${HOST}=${registry.url}`, ...more] });
  return larder;
}

async function written(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await Bun.write(path, content);
  return path;
}

afterEach(async () => {
  await larder?.stop();
  larder = null;
});

const NEEDS = requirement("docker-registry", "skopeo", "openssl");
const isAble = NEEDS.met && hasDockerRegistry && hasOpenssl;

/** The tests that hold for every way that a registry may ask for credentials. */
function describeCredentials(): void {
  test("is pulled from with the credentials of the configuration, by clients that have none", async () => {
    const password = await written("password", `${USER.password}\n`);
    const upstream = { endpoint: registry.url, username: USER.username, passwordFile: password };
    const config = await written("larder.yaml", JSON.stringify({ upstreams: { [HOST]: upstream } }));
    const serving = await serveWith("--config", config, "--log-level", "debug");
    const list = await ask(serving.url, WAY, `${REPOSITORY}/tags/list`);
    expect(JSON.parse(list.text)).toEqual({ name: REPOSITORY, tags: ["1"] });
    await expectPull(serving.url, WAY, REPOSITORY, "1", image);
    expect(serving.output()).not.toContain(USER.password);
    expect(serving.output()).not.toContain(Buffer.from(`${USER.username}:${USER.password}`).toString("base64"));
  });

  test("is pulled from with the credentials of a Docker configuration", async () => {
    const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
    const credentials = await written("config.json", JSON.stringify({ auths: { [HOST]: { auth } } }));
    const { url } = await serveWith("--credentials", credentials);
    await expectPull(url, WAY, REPOSITORY, "1", image);
  });

  test("gives nothing without credentials, or with wrong ones, and larder says so", async () => {
    const auth = Buffer.from(`${USER.username}:wrong-secret`).toString("base64");
    const wrong = await written("wrong.json", JSON.stringify({ auths: { [HOST]: { auth } } }));
    const none = await written("none.json", "{}");
    for (const file of [wrong, none]) {
      const serving = await serveWith("--credentials", file);
      const reply = await ask(serving.url, WAY, `${REPOSITORY}/manifests/1`);
      expect(reply.status).toBe(404);
      expect(reply.text).toMatch(/answered 40[13]|\b401\b/);
      expect(reply.text).not.toContain("wrong-secret");
      const list = await ask(serving.url, WAY, `${REPOSITORY}/tags/list`);
      expect([list.status, list.text]).toEqual([404, expect.stringMatching(/NAME_UNKNOWN.*needs credentials/)]);
      await serving.stop();
    }
  });
}

describe.skipIf(!isAble)("a registry behind a token service", () => {
  let tokens: TestTokenService;
  beforeAll(async () => {
    const certificate = await makeCertificate("DNS:tokens.test");
    tokens = startTokenService(certificate);
    await publish({ kind: "token", realm: tokens.realm, cert: certificate.cert });
  });
  afterAll(async () => {
    await registry.stop();
    tokens.stop();
    await rm(folder, { recursive: true });
  });

  describeCredentials();

  test("is asked for one token for all of an image, which is renewed when it is over", async () => {
    const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
    const credentials = await written("config.json", JSON.stringify({ auths: { [HOST]: { auth } } }));
    const { url } = await serveWith("--credentials", credentials, "--tags", "always");
    tokens.questions.length = 0;
    await expectPull(url, WAY, REPOSITORY, "1", image);
    expect(tokens.questions.map(({ who, scopes }) => [who, ...scopes])).toEqual([
      [USER.username, `repository:${REPOSITORY}:pull`],
    ]);
    // What larder keeps is served though no token is to be had any more.
    tokens.intercept = () => new Response("out of order", { status: 500 });
    await expectPull(url, WAY, REPOSITORY, "1", image);
    tokens.intercept = null;
  });
});

describe.skipIf(!isAble)("a registry with Basic auth", () => {
  beforeAll(() => publish({ kind: "basic", username: USER.username, password: USER.password }));
  afterAll(async () => {
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  describeCredentials();

  test("outlived by larder is not missed", async () => {
    const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
    const credentials = await written("config.json", JSON.stringify({ auths: { [HOST]: { auth } } }));
    const { url } = await serveWith("--credentials", credentials, "--tags", "always");
    await expectPull(url, WAY, REPOSITORY, "1", image);
    await registry.stop();
    await expectPull(url, WAY, REPOSITORY, "1", image);
    expect((await send("GET", `${url}/v2/${REPOSITORY}/manifests/1?ns=${HOST}`)).headers.get("warning")).toContain(
      "110",
    );
  });
});
