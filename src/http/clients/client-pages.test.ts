import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownMachineWrites } from "../../access/access-control.ts";
import { Gate } from "../../access/gate.ts";
import { LarderHosts } from "../../access/larder-hosts.ts";
import { ProgramShelf } from "../../clients/programs/program-shelf.ts";
import { TEST_CA } from "../../clients/settings.fixture.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { listenerOf, pipelineOf } from "../exchange.fixture.ts";
import { ok } from "../../doctor/finding.ts";
import { ClientPages } from "./client-pages.ts";
import type { ClientGuideParts, ClientPagesOptions } from "./client-pages-options.ts";

const NO_HOSTS = new LarderHosts({
  names: [],
  standIns: [],
  isMachineName: () => false,
  isOwnAddress: () => false,
  ports: () => [],
});

const GUIDE: ClientGuideParts = {
  standIns: ["docker.io", "quay.io"] as Namespace[],
  authorityPem: TEST_CA,
  sockets: () => [
    { scheme: "http", host: null, port: 80 },
    { scheme: "https", host: null, port: 443 },
  ],
  addresses: [],
  addressTowards: async () => "10.0.0.5",
  programs: new ProgramShelf({ own: null, folders: [] }),
};

const OPTIONS: ClientPagesOptions = {
  guide: GUIDE,
  findings: async () => [ok("disk", "there is room")],
  now: () => 1_800_000_000_000,
  gate: new Gate({ control: ownMachineWrites, hosts: NO_HOSTS, trustedProxies: [] }),
};

async function ask(path: string, init: RequestInit = {}, guide: Partial<ClientGuideParts> = {}) {
  const request = new Request(`http://larder.lan${path}`, {
    ...init,
    headers: { host: "larder.lan", ...(init.headers as Record<string, string> | undefined) },
  });
  const pages = [new ClientPages({ ...OPTIONS, guide: { ...GUIDE, ...guide } })];
  const response = await pipelineOf({ pages }).handle(request, listenerOf("10.0.0.9"));
  if (response.headers.get("content-type") === "application/json" && !response.ok) return null;
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

describe("/client/", () => {
  test("lists a line for each target, for the address that was used", async () => {
    for (const path of ["/client", "/client/"]) {
      const text = (await ask(path))?.text ?? "";
      expect(text).toContain("\n      curl -fsS http://larder.lan/client/containerd.sh | sh\n");
      expect(text).toContain("\n      curl -fsS http://larder.lan/client/talos.tar | tar -xv\n");
      expect(text).toContain("curl -fsSk http://larder.lan/client/ca.crt -o larder.crt");
    }
    const secure = await ask("/client/", { headers: { "x-forwarded-proto": "https" } });
    expect(secure?.text).toContain("curl -fsS --cacert larder.crt https://larder.lan/client/containerd.sh | sh");
  });

  test("says why a target is not to be had from here", async () => {
    const sockets = () => [{ scheme: "http" as const, host: null, port: 5000 }];
    const page = await ask("/client/", { headers: { host: "larder.lan:5000" } }, { sockets, authorityPem: null });
    expect(page?.text).toContain("not from here: spoofed names reach the registry on port 80 alone");
    expect(page?.text).not.toContain("fingerprint");
  });

  test("leaves other paths to others", async () => {
    expect(await ask("/clients")).toBeNull();
    expect(await ask("/v2/")).toBeNull();
  });
});

test("settings.json is what larder client asks for", async () => {
  const page = await ask("/client/settings.json");
  expect(page?.type).toBe("application/json");
  expect(JSON.parse(page?.text ?? "")).toEqual({
    standIns: ["docker.io", "quay.io"],
    ca: TEST_CA,
    http: ["http://larder.lan"],
    https: ["https://larder.lan"],
    addresses: ["10.0.0.5"],
  });
});

test("ca.crt is the authority, or why there is none", async () => {
  expect(await ask("/client/ca.crt")).toMatchObject({ status: 200, text: TEST_CA });
  const none = await ask("/client/ca.crt", {}, { authorityPem: null });
  expect(none).toMatchObject({ status: 404, text: expect.stringContaining("no certificate authority of its own") });
});

describe("a target", () => {
  test("comes as text, as a script, as a tar, and under its aliases", async () => {
    expect((await ask("/client/crio"))?.text).toContain("==> /etc/containers/registries.conf.d/50-larder.conf");
    expect((await ask("/client/podman.sh?mode=https"))?.text).toStartWith("#!/bin/sh\n");
    const tar = await ask("/client/xcluster.tar");
    expect([tar?.type, tar?.text.startsWith("etc/spoofed-hosts")]).toEqual(["application/x-tar", true]);
  });

  test("that is none is not found, and one that is asked for wrongly is refused", async () => {
    expect(await ask("/client/nginx")).toMatchObject({
      status: 404,
      text: expect.stringContaining('no target "nginx"'),
    });
    expect((await ask("/client/contanerd"))?.text).toContain(
      "did you mean containerd? http://larder.lan/client/ lists them",
    );
    expect(await ask("/client/hosts?mode=http")).toMatchObject({ status: 400 });
    expect(await ask("/client/hosts", { method: "POST" })).toMatchObject({ status: 405 });
  });
});

test("where a script was asked for, a refusal is a script that says so and fails, whatever the Host header holds", async () => {
  for (const host of ["a'; touch /tmp/x; '", "$(id)", "`id`", "a\u00a0b"]) {
    expect(await ask("/client/containerd", { headers: { host } })).toMatchObject({ status: 400 });
    const page = await ask("/client/containerd.sh", { headers: { host } });
    // Of another status `curl -f` keeps the script to itself, and the shell that has none is content.
    expect(page?.status).toBe(200);
    const { exitCode, stderr, stdout } = Bun.spawnSync(["sh"], { stdin: Buffer.from(page?.text ?? "") });
    expect([exitCode, stdout.toString()]).toEqual([1, ""]);
    expect(stderr.toString()).toStartWith("larder: the registry address ");
    expect(stderr.toString().split("\n")).toHaveLength(2);
  }
});

test("doctor.sh looks at the node that runs it, and tells what larder knows of itself", async () => {
  const page = await ask("/client/doctor.sh");
  expect(page?.status).toBe(200);
  for (const shell of [["sh"], ["busybox", "sh"], ["bash"]].filter(([name = ""]) => Bun.which(name) !== null)) {
    expect(Bun.spawnSync([...shell, "-n"], { stdin: Buffer.from(page?.text ?? "") }).exitCode).toBe(0);
  }
  expect(page?.text).toContain("larder='http://larder.lan'\nstand_ins='docker.io quay.io'\nserver_time=1800000000\n");
  expect(page?.text).toContain("ok\tdisk\t\tthere is room\t");
  expect((await ask("/client/"))?.text).toContain("curl -fsS http://larder.lan/client/doctor.sh | sh");
});

test("a script that does not exist is one that says so and fails, wherever it was looked for", async () => {
  for (const path of ["/client/TYPO.sh", "/clients/containerd.sh", "/containerd.sh", "/x/'; touch x; '.sh"]) {
    const page = await ask(path);
    expect(page?.status).toBe(200);
    const { exitCode, stderr, stdout } = Bun.spawnSync(["sh"], { stdin: Buffer.from(page?.text ?? "") });
    expect([exitCode, stdout.toString()]).toEqual([1, ""]);
    expect(stderr.toString()).toMatch(
      /^larder: there is no (?:target|script) [^\n]*http:\/\/larder\.lan\/client\/ lists them\n$/,
    );
  }
  expect(await ask("/v2/x.sh")).toBeNull();
  expect((await ask("/client/TYPO.tar"))?.status).toBe(404);
});

test("a runtime that cannot use the address that was asked is told so, in a script that fails and in the list", async () => {
  const headers = { host: "[fd00::5]:5000" };
  const options = { addresses: ["10.0.0.5"], sockets: () => [{ scheme: "http" as const, host: null, port: 5000 }] };
  const page = await ask("/client/crio.sh", { headers }, options);
  const { exitCode, stderr } = Bun.spawnSync(["sh"], { stdin: Buffer.from(page?.text ?? "") });
  expect([page?.status, exitCode]).toEqual([200, 1]);
  expect(stderr.toString()).toContain("http://10.0.0.5:5000");
  expect(await ask("/client/crio", { headers }, options)).toMatchObject({ status: 400 });
  expect((await ask("/client/", { headers }, options))?.text).toContain("not from here: Podman, CRI-O");
});

describe("larder itself", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-programs-"));
    await Bun.write(join(folder, "larder-linux-x64"), "0123456789");
    await Bun.write(join(folder, "secret"), "secret");
  });
  afterAll(() => rm(folder, { recursive: true }));
  const HASH = new Bun.CryptoHasher("sha256").update("0123456789").digest("hex");

  async function fetchPage(
    path: string,
    init: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const programs = new ProgramShelf({ own: null, folders: [folder] });
    const request = new Request(`http://larder.lan${path}`, {
      ...init,
      headers: { host: "larder.lan", ...init.headers },
    });
    return pipelineOf({ pages: [new ClientPages({ ...OPTIONS, guide: { ...GUIDE, programs } })] }).handle(
      request,
      listenerOf("10.0.0.9"),
    );
  }

  test("comes whole, in part, as a hash, or not at all when the node has it", async () => {
    const whole = await fetchPage("/client/larder-linux-amd64");
    expect([whole.status, await whole.text(), whole.headers.get("etag")]).toEqual([200, "0123456789", `"${HASH}"`]);
    const digest = `sha-256=:${Buffer.from(HASH, "hex").toString("base64")}:`;
    expect(whole.headers.get("repr-digest")).toBe(digest);
    expect(whole.headers.get("content-type")).toBe("application/octet-stream");
    const head = await fetchPage("/client/larder-linux-x86_64", { method: "HEAD" });
    expect([head.headers.get("content-length"), head.headers.get("repr-digest")]).toEqual(["10", digest]);
    const part = await fetchPage("/client/larder-linux-x64", { headers: { range: "bytes=4-" } });
    expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([
      206,
      "456789",
      "bytes 4-9/10",
    ]);
    const behind = await fetchPage("/client/larder-linux-x64", { headers: { range: "bytes=10-" } });
    expect([behind.status, behind.headers.get("content-range")]).toEqual([416, "bytes */10"]);
    const known = await fetchPage("/client/larder-linux-x64", { headers: { "if-none-match": `"${HASH}"` } });
    expect(known.status).toBe(304);
    const sum = await fetchPage("/client/larder-linux-amd64.sha256");
    expect(await sum.text()).toBe(`${HASH}  larder-linux-amd64\n`);
  });

  test("that is not here says what to do, and names no path of this machine", async () => {
    for (const [path, words] of [
      ["/client/larder-linux-arm64", "does not have larder-linux-arm64 (it has larder-linux-x64)"],
      ["/client/larder-linux-aarch64.sha256", "does not have larder-linux-arm64"],
      ["/client/larder", "say for which machine: larder-linux-x64"],
      ["/client/larder-linux-riscv64", "say for which machine"],
      ["/client/larder-linux-x64/../secret", "say for which machine"],
      ["/client/larder-linux-x64%2f..%2fsecret", "say for which machine"],
    ] as const) {
      const page = await fetchPage(path);
      const text = await page.text();
      expect(page.status).toBe(404);
      if (!path.includes("/../")) expect(text).toContain(words);
      expect(text).not.toContain(folder);
    }
    expect((await fetchPage("/client/larder-linux-x64", { method: "POST" })).status).toBe(405);
  });

  test("is in the list when it is here", async () => {
    const line = "curl -fsS http://larder.lan/client/larder-linux-x64 -o larder\n";
    expect(await (await fetchPage("/client/")).text()).toContain(line);
    expect((await ask("/client/"))?.text).not.toContain("-o larder\n");
  });
});
