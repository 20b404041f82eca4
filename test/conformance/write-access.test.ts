import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { requirement } from "../requirement.ts";
import { freshName, makeImage, missingDigest } from "./content-factory.ts";
import { type LarderProcess, startLarder } from "./larder-process.ts";
import { withQuery } from "./registry-client.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

const REGISTRY = { v4: "10.83.7.1", v6: "fd83:7::1" };
const NODE = { v4: "10.83.7.2", v6: "fd83:7::2" };
const PORT = 5000;

const lab = requirement("root", "namespaces", "ip");

type Answer = { readonly status: number; readonly location: string | null; readonly text: string };

/** Runs in another network namespace: one request, its answer as JSON on standard output. */
const CLIENT = `
  const { method, url, headers, base64 } = JSON.parse(process.argv.at(-1));
  const body = base64 === "" ? {} : { body: Buffer.from(base64, "base64") };
  const response = await fetch(url, { method, headers, ...body });
  const location = response.headers.get("location");
  console.log(JSON.stringify({ status: response.status, location, text: await response.text() }));
`;

/** A registry's host and a node, each in a network namespace of its own, with a cable between them. */
describe.skipIf(!lab.met || isForeignRegistry)("who may write", () => {
  const id = randomBytes(3).toString("hex");
  const [registryHost, node] = [`larder-r-${id}`, `larder-n-${id}`];
  const name = freshName("access");
  const image = makeImage();
  let closed: LarderProcess;
  let open: LarderProcess;

  function ip(command: string): void {
    const { success, stderr } = Bun.spawnSync(["ip", ...command.split(" ")]);
    if (!success) throw new Error(`ip ${command}: ${stderr.toString()}`);
  }

  beforeAll(async () => {
    ip(`netns add ${registryHost}`);
    ip(`netns add ${node}`);
    ip(`-n ${registryHost} link add veth0 type veth peer name veth0 netns ${node}`);
    for (const [netns, address] of [
      [registryHost, REGISTRY],
      [node, NODE],
    ] as const) {
      ip(`-n ${netns} address add ${address.v4}/24 dev veth0`);
      ip(`-n ${netns} address add ${address.v6}/64 dev veth0 nodad`);
      ip(`-n ${netns} link set lo up`);
      ip(`-n ${netns} link set veth0 up`);
    }
    const wrapper = ["ip", "netns", "exec", registryHost];
    closed = await startLarder({ http: `:${PORT}`, wrapper });
    open = await startLarder({ http: `:${PORT + 1}`, wrapper, arguments: ["--open"] });
    await pushFrom(registryHost, `http://127.0.0.1:${PORT}`);
  });
  afterAll(async () => {
    await closed.stop();
    await open.stop();
    ip(`netns delete ${node}`);
    ip(`netns delete ${registryHost}`);
  });

  async function sendFrom(
    netns: string,
    method: string,
    url: string,
    headers: Record<string, string> = {},
    body: Uint8Array = new Uint8Array(),
  ): Promise<Answer> {
    const request = JSON.stringify({ method, url, headers, base64: Buffer.from(body).toString("base64") });
    const command = ["ip", "netns", "exec", netns, process.execPath, "-e", CLIENT, request];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
    const [output, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    if ((await child.exited) !== 0) throw new Error(`${method} ${url} from ${netns}: ${complaint}`);
    return JSON.parse(output) as Answer;
  }

  /** Everything that changes something, as status codes by what was tried. */
  async function writeFrom(netns: string, base: string, headers: Record<string, string> = {}): Promise<Answer[]> {
    const repository = `${base}/v2/${name}`;
    const type = { ...headers, "Content-Type": image.manifest.mediaType };
    const put = sendFrom(netns, "PUT", `${repository}/manifests/again`, type, image.manifest.bytes);
    return await Promise.all([
      sendFrom(netns, "POST", `${repository}/blobs/uploads/`, headers),
      sendFrom(netns, "POST", `${repository}/blobs/uploads/?mount=${missingDigest()}&from=a/b`, headers),
      put,
      put.then(() => sendFrom(netns, "DELETE", `${repository}/manifests/again`, headers)),
      sendFrom(netns, "DELETE", `${repository}/blobs/${missingDigest()}`, headers),
    ]);
  }

  async function pushFrom(netns: string, base: string): Promise<void> {
    for (const blob of image.blobs) {
      const begun = await sendFrom(netns, "POST", `${base}/v2/${name}/blobs/uploads/`);
      const session = new URL(begun.location ?? "", base).href;
      const done = await sendFrom(netns, "PUT", withQuery(session, "digest", blob.digest), {}, blob.bytes);
      expect(done.status, done.text).toBe(201);
    }
    const headers = { "Content-Type": image.manifest.mediaType };
    const put = await sendFrom(netns, "PUT", `${base}/v2/${name}/manifests/latest`, headers, image.manifest.bytes);
    expect(put.status, put.text).toBe(201);
  }

  function expectDenied(answers: readonly Answer[]): void {
    for (const { status, text } of answers) {
      expect(status, text).toBe(403);
      const { errors } = JSON.parse(text) as { errors: { code: string; message: string }[] };
      expect(errors[0]?.code).toBe("DENIED");
      expect(errors[0]?.message).toContain("--open");
    }
  }

  const addresses = (host: { v4: string; v6: string }, port: number): string[] => [
    `http://${host.v4}:${port}`,
    `http://[${host.v6}]:${port}`,
  ];

  test.each(addresses(REGISTRY, PORT))("a node may pull from %s", async (base) => {
    const manifest = await sendFrom(node, "GET", `${base}/v2/${name}/manifests/latest`);
    expect(manifest.status).toBe(200);
    const blob = await sendFrom(node, "GET", `${base}/v2/${name}/blobs/${image.blobs[0]?.digest}`);
    expect(blob.status).toBe(200);
  });

  test.each(addresses(REGISTRY, PORT))(
    "a node may not write to %s: 403 DENIED, which says what to do",
    async (base) => {
      expectDenied(await writeFrom(node, base));
    },
  );

  test("a node cannot talk itself into it by headers", async () => {
    const [base] = addresses(REGISTRY, PORT);
    const claims = {
      "X-Forwarded-For": "127.0.0.1",
      "X-Real-IP": "127.0.0.1",
      Forwarded: "for=127.0.0.1;host=localhost",
      Host: "localhost",
    };
    expectDenied(await writeFrom(node, base ?? "", claims));
  });

  test("a proxy on the registry's host does not lend its own right to those that it forwards for", async () => {
    const base = `http://127.0.0.1:${PORT}`;
    expectDenied(await writeFrom(registryHost, base, { "X-Forwarded-For": NODE.v4 }));
    expectDenied(await writeFrom(registryHost, base, { Forwarded: `for="[${NODE.v6}]:4711";proto=https` }));
  });

  test("a node cannot write to an upload that the registry's host began", async () => {
    const uploads = `http://127.0.0.1:${PORT}/v2/${name}/blobs/uploads/`;
    const { location } = await sendFrom(registryHost, "POST", uploads);
    const session = `http://${REGISTRY.v4}:${PORT}${location}`;
    expectDenied([
      await sendFrom(node, "PATCH", session, {}, new Uint8Array([1])),
      await sendFrom(node, "PUT", withQuery(session, "digest", missingDigest()), {}, new Uint8Array([1])),
      await sendFrom(node, "DELETE", session),
    ]);
  });

  test.each(["http://127.0.0.1:5000", "http://[::1]:5000", ...addresses(REGISTRY, PORT)])(
    "the registry's own host may write to %s",
    async (base) => {
      const [begun, mounted, put, removed, missing] = await writeFrom(registryHost, base);
      expect([begun?.status, mounted?.status, put?.status]).toEqual([202, 202, 201]);
      expect([removed?.status, missing?.status]).toEqual([202, 404]);
    },
  );

  test.each(addresses(REGISTRY, PORT + 1))("with --open a node may write to %s", async (base) => {
    await pushFrom(node, base);
    expect((await sendFrom(node, "GET", `${base}/v2/${name}/manifests/latest`)).status).toBe(200);
    expect((await sendFrom(node, "DELETE", `${base}/v2/${name}/manifests/latest`)).status).toBe(202);
  });
});
