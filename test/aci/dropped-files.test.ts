import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { sendPath } from "../conformance/raw-http.ts";
import { requirement } from "../requirement.ts";
import { get } from "./aci-larder.ts";

const lab = requirement("mkfifo");

describe.skipIf(!lab.met)("a file that was dropped into --aci-files", () => {
  let folder: string;
  let files: string;
  let larder: LarderProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    files = join(folder, "files");
    await mkdir(join(files, "sub"), { recursive: true });
    await writeFile(join(folder, "secret"), "secret");
    await writeFile(join(files, "coreos-flannel:v0.5.5.aci"), "0123456789");
    await writeFile(join(files, "sub/plain name.txt"), "plain");
    await writeFile(join(files, ".half.aci"), "half");
    await symlink("../secret", join(files, "out.aci"));
    await symlink(folder, join(files, "up"));
    await symlink("coreos-flannel:v0.5.5.aci", join(files, "latest.aci"));
    await symlink("circle.aci", join(files, "circle.aci"));
    Bun.spawnSync(["mkfifo", join(files, "pipe.aci")]);
    larder = await startLarder({ arguments: ["--aci-files", files] });
  });
  afterAll(async () => {
    await larder?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("is served as it is, whatever its name, its colon plain or escaped", async () => {
    for (const name of ["coreos-flannel:v0.5.5.aci", "coreos-flannel%3Av0.5.5.aci", "latest.aci"]) {
      expect(await (await get(larder, `/aci/${name}`)).text()).toBe("0123456789");
    }
    expect(await (await get(larder, "/aci/sub/plain%20name.txt")).text()).toBe("plain");
    expect(await (await get(larder, "/aci/")).text()).toContain("coreos-flannel:v0.5.5.aci");
  });

  test("is sent in ranges, and known again until it changes", async () => {
    const path = "/aci/coreos-flannel:v0.5.5.aci";
    const part = await get(larder, path, { Range: "bytes=-3" });
    expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, "789", "bytes 7-9/10"]);
    const parts = await get(larder, path, { Range: "bytes=0-1,-1" });
    expect([parts.status, parts.headers.get("content-type")]).toEqual([206, expect.stringMatching(/^multipart/)]);
    expect(await parts.text()).toMatch(/bytes 0-1\/10\r\n[^]*\r\n\r\n01\r\n--[^]*bytes 9-9\/10\r\n[^]*\r\n\r\n9\r\n--/);
    const tag = part.headers.get("etag") ?? "";
    expect((await get(larder, path, { "If-None-Match": tag })).status).toBe(304);
    await utimes(join(files, "coreos-flannel:v0.5.5.aci"), 1, 1);
    expect((await get(larder, path, { "If-None-Match": tag })).status).toBe(200);
  });

  test("has the signature that lies beside it, and no other", async () => {
    expect((await get(larder, "/aci/latest.aci.asc")).status).toBe(404);
    await writeFile(join(files, "latest.aci.asc"), "signature");
    expect(await (await get(larder, "/aci/latest.aci.asc")).text()).toBe("signature");
  });

  test.each([
    "out.aci",
    "up/secret",
    "circle.aci",
    "pipe.aci",
    "sub",
    "sub/",
    ".half.aci",
    "..%2fsecret",
    "sub%2f..%2f..%2fsecret",
    "..%5csecret",
    "%00.aci",
    "latest.aci%00.txt",
    "%ff%fe.aci",
    "%zz.aci",
    `${"a".repeat(300)}.aci`,
    `${"a/".repeat(900)}a.aci`,
    "a".repeat(5000),
    `${"-".repeat(580)}.aci`,
    ":.aci",
    "a:.aci",
    "a:b:c.aci",
    "quay.io/:v1.aci",
    "quay.io//a:1.aci",
    "quay.io/A/B:1.aci",
    "%3Cscript%3E.aci",
  ])("cannot be reached by, or taken for, %p", async (name) => {
    const answer = await get(larder, `/aci/${name}`);
    const text = await answer.text();
    // A name in the form of an image's may be no image's name.
    expect(answer.status).toBe(text.includes("is not valid") ? 400 : 404);
    expect(text).toStartWith("larder: ");
    expect(text.length).toBeLessThan(700);
  });

  test("is not left by dots that no client would send", async () => {
    for (const path of ["/aci/../secret", "/aci/sub/../../secret", "/aci//etc/passwd"]) {
      const { status, body } = await sendPath(larder.url, "GET", path);
      expect(status).toBe(404);
      expect(body.toString()).not.toContain("root:");
    }
    // One step up there is the page, for browsers.
    expect((await sendPath(larder.url, "GET", "/aci/..")).body.toString()).toContain("<title>larder</title>");
  });
});
