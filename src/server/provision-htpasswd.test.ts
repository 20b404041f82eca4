import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogFields } from "../telemetry/log.ts";
import { readHtpasswd } from "./htpasswd-file.ts";
import { provisionHtpasswd } from "./provision-htpasswd.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-provision-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a missing htpasswd gets the user docker and a password that is told once; one that is there stays", async () => {
  const path = join(folder, "auth", "htpasswd");
  const told: LogFields[] = [];
  const log = { write: (_: string, __: string, fields: LogFields = {}) => void told.push(fields) };
  await provisionHtpasswd(path, log);
  const before = await Bun.file(path).text();
  await provisionHtpasswd(path, log);
  expect(await Bun.file(path).text()).toBe(before);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect([...(await readHtpasswd(path)).keys()]).toEqual(["docker"]);
  expect(told).toEqual([{ path, user: "docker", password: expect.stringMatching(/^[\w-]{32}$/) }]);
  const [user, hash = ""] = before.trim().split(":");
  expect(user).toBe("docker");
  expect(await Bun.password.verify(String(told[0]?.["password"]), hash)).toBe(true);
});
