import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NameFiles, type NameSources, SystemNames } from "./system-names.ts";

let folder: string;
let files: NameFiles;
let asked: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-names-"));
  files = { hosts: join(folder, "hosts"), resolvConf: join(folder, "resolv.conf") };
  asked = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** Name servers that know `records`; null: they are silent. The library knows `elsewhere`. */
function namesBy(records: Readonly<Record<string, string>> | null, elsewhere: Readonly<Record<string, string>> = {}) {
  const answer = (code: string, address: string | undefined) =>
    address === undefined
      ? Promise.reject(Object.assign(new Error(code), { code }))
      : Promise.resolve({ addresses: [address], ttlSeconds: 7 });
  const sources: NameSources = {
    query: (host) => {
      asked.push(host);
      return answer(records === null ? "ETIMEOUT" : "ENOTFOUND", records?.[host]);
    },
    library: (host) => {
      asked.push(`library: ${host}`);
      return answer("ENOTFOUND", elsewhere[host]);
    },
  };
  return new SystemNames(files, sources);
}

async function addressesOf(names: SystemNames, host: string): Promise<readonly string[]> {
  return (await names.lookUp(host)).addresses;
}

test("what the hosts file says counts, before anybody is asked, in any case of letters", async () => {
  await writeFile(
    files.hosts,
    "10.0.0.1 registry.corp.example reg # ours\n#10.0.0.9 reg\nfd00::1\tREG\nnonsense reg\n",
  );
  const names = namesBy({});
  expect(await addressesOf(names, "reg")).toEqual(["10.0.0.1", "fd00::1"]);
  expect(await addressesOf(names, "Registry.Corp.Example")).toEqual(["10.0.0.1"]);
  expect(asked).toEqual([]);
});

test("a change of the files counts at once", async () => {
  const names = namesBy({ "reg.lan": "10.0.0.2" });
  expect(await names.lookUp("reg").catch((error: Error) => error.message)).toBe("ENOTFOUND");
  await writeFile(files.resolvConf, "nameserver 192.0.2.1\nsearch lan\n");
  expect(await addressesOf(names, "reg")).toEqual(["10.0.0.2"]);
  await writeFile(files.hosts, "10.0.0.1 reg\n");
  expect(await addressesOf(names, "reg")).toEqual(["10.0.0.1"]);
});

test("a name without a dot is searched for first, one with a dot is taken as it is first", async () => {
  await writeFile(files.resolvConf, "domain old.example\nsearch a.example b.example. # last\n");
  const names = namesBy({ "reg.b.example": "10.0.0.1", "reg.team.b.example": "10.0.0.2", "quay.io": "10.0.0.3" });
  expect(await addressesOf(names, "reg")).toEqual(["10.0.0.1"]);
  expect(await addressesOf(names, "reg.team")).toEqual(["10.0.0.2"]);
  expect(await addressesOf(names, "quay.io")).toEqual(["10.0.0.3"]);
  expect(asked).toEqual([
    "reg.a.example",
    "reg.b.example",
    "reg.team",
    "reg.team.a.example",
    "reg.team.b.example",
    "quay.io",
  ]);
});

test("the library is asked for names that name servers do not know and others may, and for no others", async () => {
  const names = namesBy({}, { printer: "10.0.0.4", "box.local": "10.0.0.5" });
  expect(await addressesOf(names, "printer")).toEqual(["10.0.0.4"]);
  expect(await addressesOf(names, "box.local")).toEqual(["10.0.0.5"]);
  await expect(names.lookUp("nowhere.example")).rejects.toThrow("ENOTFOUND");
  expect(asked).not.toContain("library: nowhere.example");
});

test("while name servers are silent nothing more is asked: not in other domains, and not of the library", async () => {
  await writeFile(files.resolvConf, "search a.example b.example\n");
  await expect(namesBy(null).lookUp("reg")).rejects.toThrow("ETIMEOUT");
  expect(asked).toEqual(["reg.a.example"]);
});
