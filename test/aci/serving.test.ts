import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentOf, makeArtifact, makeManifest, TYPE } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushBlob, pushImage, pushManifest } from "../conformance/registry-client.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { childrenOf, download, get, kept, manifestOf, push, signatureOf } from "./aci-larder.ts";

const lab = requirement("skopeo", "actool", "gpg", ...IMAGE_NEEDS);
const OWN = "larder.test";
const PLATFORMS = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
];

describe.skipIf(!lab.met)("an image that larder holds", () => {
  let folder: string;
  let larder: LarderProcess;
  let flannel: BuiltImage;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    flannel = await buildImage(folder, { name: "flannel", platforms: PLATFORMS });
    larder = await startLarder({ arguments: ["--name", `${OWN}:5000`] });
    await push(larder, flannel, "quay.io/coreos/flannel:v0.5.5");
    await push(larder, flannel, "team/app:1.2.3");
  });
  afterAll(async () => {
    await larder?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("is converted once for twenty who ask at once", async () => {
    await push(larder, flannel, "crowd/app:1");
    const seen = new Set<string>();
    const watch = setInterval(async () => {
      for (const pid of await childrenOf(larder)) seen.add(pid);
    }, 5);
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(larder, "/aci/crowd/app:1.aci")));
    const bodies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
    clearInterval(watch);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(bodies.map((body) => createHash("sha256").update(body).digest("hex"))).size).toBe(1);
    expect(seen.size).toBe(1);
    const [first] = answers;
    expect(first?.headers.get("etag")).toBe(
      `"sha256:${createHash("sha256")
        .update(bodies[0] ?? "")
        .digest("hex")}"`,
    );
  });

  test("is a valid ACI with the image's files, in every spelling of its name", async () => {
    const file = join(folder, "flannel.aci");
    await download(larder, "/aci/flannel:v0.5.5.aci", file);
    await outputOf(["actool", "validate", file]);
    expect(await manifestOf(file)).toEqual({
      name: "quay.io/coreos/flannel",
      labels: { arch: "amd64", os: "linux", version: "v0.5.5" },
    });
    expect(await outputOf(["tar", "-xOzf", file, "rootfs/srv/who"])).toBe("flannel for linux/amd64\n");
    const tag = (await get(larder, "/aci/flannel:v0.5.5.aci")).headers.get("etag");
    for (const name of ["quay.io/coreos/flannel:v0.5.5", "coreos-flannel-v0.5.5", "coreos%2Dflannel%3Av0.5.5"]) {
      expect((await get(larder, `/aci/${name}.aci`)).headers.get("etag")).toBe(tag);
    }
    expect((await get(larder, "/aci/team-app-1.2.3.aci")).status).toBe(200);
  });

  test("is named as the client that goes by discovery asked for it", async () => {
    const file = join(folder, "own.aci");
    await download(larder, `/aci/${OWN}/quay.io/coreos/flannel:v0.5.5.aci?os=linux&arch=amd64`, file);
    expect((await manifestOf(file)).name).toBe(`${OWN}/quay.io/coreos/flannel`);
    await download(larder, `/aci/${OWN}/team/app:1.2.3.aci?os=linux&arch=amd64`, file);
    expect((await manifestOf(file)).name).toBe(`${OWN}/team/app`);
    // One that calls larder by a name that it was never told gets ACIs under one that it was.
    const answer = await get(larder, "/aci/team/app:1.2.3.aci", { Host: "elsewhere.test" });
    await Bun.write(file, answer);
    expect((await manifestOf(file)).name).toBe(`${OWN}/team/app`);
  });

  test("at a host that is stood in for means that registry's", async () => {
    const host = { Host: "quay.io" };
    expect((await get(larder, "/aci/coreos/flannel:v0.5.5.aci", host)).status).toBe(200);
    expect((await get(larder, "/aci/coreos/flannel:v0.5.5.aci", { Host: "docker.io" })).status).toBe(404);
  });

  test("of several platforms is the one that is asked for, in the ACI's words or Go's", async () => {
    const file = join(folder, "arm.aci");
    const answer = await download(larder, "/aci/flannel:v0.5.5.aci?os=linux&arch=aarch64", file);
    expect(await manifestOf(file)).toMatchObject({ labels: { arch: "aarch64" } });
    const inGo = await get(larder, "/aci/flannel:v0.5.5.aci?arch=arm64");
    expect(inGo.headers.get("etag")).toBe(answer.headers.get("etag"));
    const none = await get(larder, "/aci/flannel:v0.5.5.aci?arch=s390x");
    expect([none.status, await none.text()]).toEqual([404, expect.stringContaining("linux/amd64, linux/arm64")]);
    expect((await get(larder, "/aci/flannel:v0.5.5.aci?arch=%00")).status).toBe(400);
  });

  test("is sent in ranges, and not at all to who has it", async () => {
    const path = "/aci/flannel:v0.5.5.aci";
    const whole = Buffer.from(await (await get(larder, path)).arrayBuffer());
    const part = await get(larder, path, { Range: "bytes=1000-1999" });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 1000-1999/${whole.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(1000, 2000))).toBe(true);
    expect((await get(larder, path, { Range: `bytes=${whole.length}-` })).status).toBe(416);
    const tag = part.headers.get("etag") ?? "";
    const known = await get(larder, path, { "If-None-Match": tag });
    expect([known.status, known.headers.get("etag"), await known.text()]).toEqual([304, tag, ""]);
    const changed = await get(larder, path, { Range: "bytes=0-9", "If-Range": `"another"` });
    expect([changed.status, (await changed.arrayBuffer()).byteLength]).toEqual([200, whole.length]);
    const head = await fetch(`${larder.url}${path}`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(whole.length)]);
  });

  test("has a signature that is sent in ranges, and not at all to who has it, and so has the key", async () => {
    await signatureOf(larder, "/aci/flannel:v0.5.5.aci");
    for (const path of ["/aci/flannel:v0.5.5.aci.asc", "/aci/pubkeys.gpg"]) {
      const answer = await get(larder, path);
      const whole = await answer.text();
      const tag = answer.headers.get("etag") ?? "";
      expect([answer.headers.get("accept-ranges"), tag]).toEqual(["bytes", expect.stringMatching(/^"sha256:/)]);
      const part = await get(larder, path, { Range: "bytes=5-14" });
      expect([part.status, await part.text()]).toEqual([206, whole.slice(5, 15)]);
      const parts = await get(larder, path, { Range: "bytes=0-4,-3" });
      expect([parts.status, parts.headers.get("content-type")]).toEqual([206, expect.stringContaining("byteranges")]);
      expect(await parts.text()).toContain(whole.slice(0, 5));
      expect((await get(larder, path, { Range: `bytes=${whole.length}-` })).status).toBe(416);
      expect((await get(larder, path, { "If-None-Match": tag })).status).toBe(304);
      expect((await get(larder, path, { Range: "bytes=0-4", "If-Range": '"another"' })).status).toBe(200);
      const head = await fetch(`${larder.url}${path}`, { method: "HEAD" });
      expect([head.status, head.headers.get("content-length"), head.headers.get("etag")]).toEqual([
        200,
        String(whole.length),
        tag,
      ]);
    }
  });

  test("is never encoded for the way, and may be kept for a minute", async () => {
    const answer = await get(larder, "/aci/flannel:v0.5.5.aci", { "Accept-Encoding": "gzip, deflate, br" });
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(answer.headers.get("cache-control")).toContain("max-age=60");
    expect(answer.headers.get("cache-control")).toContain("no-transform");
    const file = Buffer.from(await answer.arrayBuffer());
    expect(file.subarray(0, 2).toString("hex")).toBe("1f8b");
  });

  test("has a signature that gpg verifies with the key that is served; at first it is promised", async () => {
    await push(larder, flannel, "signed/app:1");
    const path = "/aci/signed/app:1.aci";
    expect((await get(larder, `${path}.asc`)).status).toBe(202);
    const file = join(folder, "signed.aci");
    await download(larder, path, file);
    expect((await get(larder, `${path}.asc`)).status).toBe(200);
    await Bun.write(`${file}.asc`, await signatureOf(larder, path));
    await download(larder, "/aci/pubkeys.gpg", join(folder, "pubkeys.gpg"));
    const gpg = (...words: string[]) =>
      outputOf(["gpg", "--homedir", folder, "--batch", "--no-permission-warning", "--status-fd", "1", ...words]);
    await gpg("--import", join(folder, "pubkeys.gpg"));
    expect(await gpg("--verify", `${file}.asc`, file)).toContain("GOODSIG");
    await outputOf(["gpgconf", "--homedir", folder, "--kill", "all"]);
    expect(await readFile(join(folder, "pubkeys.gpg"), "utf8")).not.toContain("PRIVATE");
  });

  test("that gets another one under its tag becomes another ACI", async () => {
    const next = await buildImage(folder, { name: "next" });
    await push(larder, flannel, "moving/app:1");
    const before = await get(larder, "/aci/moving/app:1.aci");
    await before.arrayBuffer();
    await push(larder, next, "moving/app:1");
    const file = join(folder, "moved.aci");
    const after = await download(larder, "/aci/moving/app:1.aci", file);
    expect(after.headers.get("etag")).not.toBe(before.headers.get("etag"));
    expect(await outputOf(["tar", "-xOzf", file, "rootfs/srv/who"])).toBe("next for linux/amd64\n");
  });

  test("that cannot be an ACI says why, for the signature too", async () => {
    await pushImage(larder.url, "team/chart", makeArtifact("application/vnd.cncf.helm.chart"), "1");
    const artifact = await get(larder, "/aci/team/chart:1.aci");
    expect([artifact.status, await artifact.text()]).toEqual([422, expect.stringContaining("no container image")]);

    const layer = contentOf("this is no tar");
    const config = contentOf(JSON.stringify({ os: "linux", architecture: "amd64" }));
    for (const blob of [layer, config]) await pushBlob(larder.url, "team/broken", blob);
    const manifest = makeManifest({
      schemaVersion: 2,
      mediaType: TYPE.manifest,
      config: { mediaType: TYPE.config, digest: config.digest, size: config.bytes.length },
      layers: [{ mediaType: TYPE.layer, digest: layer.digest, size: layer.bytes.length }],
    });
    await pushManifest(larder.url, "team/broken", manifest, "1");
    const broken = await get(larder, "/aci/team/broken:1.aci");
    expect([broken.status, await broken.text()]).toEqual([422, expect.stringContaining("layer 1")]);
    expect((await get(larder, "/aci/team/broken:1.aci.asc")).status).toBe(422);
    expect(await kept(larder, ".part")).toEqual([]);
  });

  test("is listed for people, by names that can be fetched", async () => {
    const list = await (await get(larder, "/aci/")).text();
    const [url = ""] = list.match(/http:\S+coreos\/flannel:v0\.5\.5\.aci/) ?? [];
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  });

  test("is only read", async () => {
    for (const method of ["PUT", "POST", "DELETE"]) {
      const answer = await fetch(`${larder.url}/aci/flannel:v0.5.5.aci`, { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
  });
});

describe.skipIf(!lab.met)("an image that larder does not hold", () => {
  let folder: string;
  let upstream: LarderProcess;
  let larder: LarderProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    upstream = await startLarder();
    await push(upstream, await buildImage(folder, { name: "far" }), "team/far:1");
    larder = await startLarder({ arguments: ["--upstream", `far.test=${upstream.url}`] });
  });
  afterAll(async () => {
    await larder?.stop();
    await upstream?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("is brought first, and stays when its registry is gone", async () => {
    const file = join(folder, "far.aci");
    expect((await get(larder, "/aci/far.test/team/far:1.aci.asc")).status).toBe(202);
    await download(larder, "/aci/far.test/team/far:1.aci", file);
    await outputOf(["actool", "validate", file]);
    expect((await manifestOf(file)).name).toBe("far.test/team/far");
    await fetch(`${larder.url}/api/v1/settings/offline`, {
      method: "PUT",
      body: JSON.stringify({ offline: true }),
      headers: { "Content-Type": "application/json" },
    });
    expect((await get(larder, "/aci/team-far-1.aci")).status).toBe(200);
  });

  test("nor its registry, is told plainly", async () => {
    const unknown = await get(larder, "/aci/far.test/team/none:1.aci");
    expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining("far.test/team/none:1")]);
    const foreign = await get(larder, "/aci/evil.test/team/far:1.aci");
    expect([foreign.status, await foreign.text()]).toEqual([404, expect.stringContaining("/aci/ lists")]);
    expect((await get(larder, "/aci/none.aci")).status).toBe(404);
  });
});
