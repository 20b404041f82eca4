/** Nothing leaves a repository that whoever asks may not pull, by whatever route; and what is there looks as what is not. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeManifest, makeArtifact, makeImage, makeIndex, missingDigest } from "../conformance/content-factory.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { GuardedLarder } from "./guarded-larder.ts";

const RULES = [
  { subject: "anonymous", allow: ["pull"], names: ["public/**"] },
  { subject: "eve", allow: ["pull", "push", "delete"], names: ["eve/**", "hidden/**", "docker.io/team/**"] },
  { subject: "ann", allow: ["push"], names: ["ann/**"] },
  { subject: "bob", allow: ["pull", "push", "delete"], names: ["team/**"] },
  { subject: "root", allow: ["*"], names: ["**"] },
];
const HIDDEN = makeImage();
const PUBLIC = makeImage();
const EVES = makeImage();
const ELSEWHERE = makeImage();
const SIGNATURE = makeArtifact("application/x.signature", { subject: describeManifest(ELSEWHERE.manifest) });
const [LAYER] = HIDDEN.blobs;
if (LAYER === undefined) throw new Error("an image has layers");

describe.skipIf(isForeignRegistry)("a larder whose rules show each a part", () => {
  let lab: GuardedLarder;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["eve", "ann", "bob", "root"], RULES);
    await lab.push("root", "team/secret", HIDDEN, "1");
    await lab.push("root", "public/app", PUBLIC, "1");
    await lab.push("root", "eve/app", EVES, "1");
    // Names of local are looked for in docker.io, too.
    await lab.push("root", "docker.io/hidden/app", ELSEWHERE, "1");
    await lab.push("root", "docker.io/hidden/app", SIGNATURE, "signature");
  }, 60_000);
  afterAll(() => lab.stop());

  const digestOf = (isThere: boolean) => (isThere ? HIDDEN.manifest.digest : missingDigest());
  const layerOf = (isThere: boolean) => (isThere ? LAYER.digest : missingDigest());
  /** Each asks for something that is there, in team/secret, or for the same that is not, in team/absent. */
  const routes: readonly [string, string, (name: string, isThere: boolean) => string, RequestInit?][] = [
    ["a tag", "GET", (name) => `/v2/${name}/manifests/1`],
    ["the head of a tag", "HEAD", (name) => `/v2/${name}/manifests/1`],
    ["a manifest", "GET", (name, isThere) => `/v2/${name}/manifests/${digestOf(isThere)}`],
    ["a blob", "GET", (name, isThere) => `/v2/${name}/blobs/${layerOf(isThere)}`],
    ["the head of a blob", "HEAD", (name, isThere) => `/v2/${name}/blobs/${layerOf(isThere)}`],
    ["tags", "GET", (name) => `/v2/${name}/tags/list`],
    ["referrers", "GET", (name, isThere) => `/v2/${name}/referrers/${digestOf(isThere)}`],
    ["an upload", "POST", (name) => `/v2/${name}/blobs/uploads/`],
    ["an upload's state", "GET", (name) => `/v2/${name}/blobs/uploads/11111111-1111-1111-1111-111111111111`],
    ["a tag to go", "DELETE", (name) => `/v2/${name}/manifests/1`],
    ["a blob to go", "DELETE", (name, isThere) => `/v2/${name}/blobs/${layerOf(isThere)}`],
    ["an image", "GET", (name) => `/api/v1/images/local/${name}:1`],
    ["an image to go", "DELETE", (name) => `/api/v1/images/local/${name}:1`],
    ["an ACI", "GET", (name) => `/aci/localhost/${name}:1.aci`],
    ["a short ACI", "GET", (name) => `/aci/${name.slice(5)}.aci`],
  ];
  const whoever = [null, "eve", "ann"] as const;

  test.each(whoever.flatMap((who) => routes.map((route) => [who, ...route] as const)))(
    "%p hears the same of %s that is there and that is not",
    async (who, _, method, pathOf) => {
      const hear = async (name: string, isThere: boolean) => {
        const path = pathOf(name, isThere);
        const { status, headers, text } = await lab.as(who, method, path);
        const plain = (said: string) =>
          said.replaceAll(/secret|absent/g, "NAME").replaceAll(/sha256:[0-9a-f]{64}/g, "DIGEST");
        const told = Object.fromEntries(
          [...headers].filter(([key]) => !/^(?:date|x-request-id|content-length)$/.test(key)),
        );
        return { status, text: plain(text).replaceAll(/"requestId":"[^"]*"/g, ""), told: plain(JSON.stringify(told)) };
      };
      const [there, gone] = [await hear("team/secret", true), await hear("team/absent", false)];
      expect(there).toEqual(gone);
      expect([401, 403, 404]).toContain(there.status);
    },
  );

  test("who may hears the difference", async () => {
    for (const [, method, pathOf] of routes.slice(0, 6)) {
      expect((await lab.as("bob", method, pathOf("team/secret", true))).status).toBe(200);
      expect((await lab.as("bob", method, pathOf("team/absent", false))).status).toBe(404);
    }
  });

  test.each(["&from=team/secret", "&from=local/team/secret", ""])(
    "a blob is mounted from what its pusher may pull, else it is uploaded: %p",
    async (from) => {
      const mount = (who: string, name: string) =>
        lab.as(who, "POST", `/v2/${name}/blobs/uploads/?mount=${LAYER.digest}${from}`);
      for (const [who, name] of [
        ["eve", "eve/app"],
        ["ann", "ann/app"],
      ] as const) {
        const { status, headers } = await mount(who, name);
        expect(status).toBe(202);
        expect((await lab.as(who, "DELETE", headers.get("location") ?? "")).status).toBe(204);
      }
      expect((await mount("bob", "team/mounted")).status).toBe(201);
    },
  );

  test("to know a digest gives nothing, not to who may push either", async () => {
    for (const { digest } of [...HIDDEN.blobs, ...ELSEWHERE.blobs]) {
      for (const method of ["HEAD", "GET"]) {
        expect((await lab.as("eve", method, `/v2/eve/app/blobs/${digest}`)).status).toBe(404);
        expect((await lab.as("eve", method, `/v2/hidden/app/blobs/${digest}`)).status).toBe(404);
      }
    }
    for (const image of [HIDDEN, ELSEWHERE]) {
      for (const name of ["eve/stolen", "hidden/app"]) {
        const put = await lab.put("eve", name, image.manifest, "1");
        expect([put.status, put.text]).toEqual([400, expect.stringContaining("MANIFEST_BLOB_UNKNOWN")]);
        const index = makeIndex([describeManifest(image.manifest)]);
        expect((await lab.put("eve", name, index, "2")).status).toBe(400);
      }
    }
  });

  test("the search hands out nothing of another repository that somebody may not pull", async () => {
    const search = "/v2/hidden/app";
    const paths = [
      `${search}/manifests/1`,
      `${search}/manifests/${ELSEWHERE.manifest.digest}`,
      `${search}/blobs/${ELSEWHERE.blobs[0]?.digest}`,
      `${search}/tags/list`,
      "/api/v1/images/local/hidden/app:1",
    ];
    for (const path of paths) {
      expect([path, (await lab.as("root", "GET", path)).status]).toEqual([path, 200]);
      const { status, text } = await lab.as("eve", "GET", path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).not.toContain("docker.io");
    }
    const referrers = `${search}/referrers/${ELSEWHERE.manifest.digest}`;
    const listed = async (who: string) => JSON.parse((await lab.as(who, "GET", referrers)).text).manifests.length;
    expect([await listed("root"), await listed("eve")]).toEqual([1, 0]);
  });

  test("a build of larder's own does not answer for a registry's name to who may not pull it", async () => {
    const path = "/v2/docker.io/team/secret/manifests/1";
    expect((await lab.as("root", "GET", path)).status).toBe(200);
    // Once more, when it is in memory.
    expect((await lab.as("root", "GET", path)).status).toBe(200);
    expect((await lab.as("eve", "GET", path)).status).toBe(404);
  });

  test("lists have what somebody may pull, page by page", async () => {
    const namesFor = async (who: string | null) => {
      const names: string[] = [];
      for (let path: string | null = "/v2/_catalog?n=1"; path !== null; ) {
        const { status, text, headers } = await lab.as(who, "GET", path);
        expect(status).toBe(200);
        names.push(...JSON.parse(text).repositories);
        path = /<([^>]*)>/.exec(headers.get("link") ?? "")?.[1] ?? null;
      }
      return names;
    };
    const all = [
      "docker.io/hidden/app",
      "local/eve/app",
      "local/public/app",
      "local/team/secret",
      "local/team/mounted",
    ];
    expect(await namesFor("root")).toEqual(all.filter((name) => name !== "local/team/mounted"));
    expect(await namesFor("eve")).toEqual(["local/eve/app", "local/public/app"]);
    expect(await namesFor("ann")).toEqual(["local/public/app"]);
    expect(await namesFor(null)).toEqual(["local/public/app"]);
    const imagesFor = async (who: string | null) =>
      JSON.parse((await lab.as(who, "GET", "/api/v1/images")).text).images.map(({ name }: { name: string }) => name);
    expect(await imagesFor("bob")).toEqual(["local/public/app:1", "local/team/secret:1"]);
    expect(await imagesFor(null)).toEqual(["local/public/app:1"]);
    const index = (await lab.as(null, "GET", "/aci/")).text;
    expect(index).toContain("public/app:1.aci");
    expect(index).not.toMatch(/team|eve|hidden/);
  });

  test("a check says of what somebody may not pull what it says of what is not here", async () => {
    const body = JSON.stringify({
      images: ["local/team/secret:1", "local/team/absent:1"].map((image) => ({ image, platforms: "all" })),
    });
    const ask = async (who: string | null) => {
      const headers = { "Content-Type": "application/json" };
      return JSON.parse((await lab.as(who, "POST", "/api/v1/checks", { headers, body })).text).images;
    };
    expect(await ask("bob")).toMatchObject([{ state: "whole" }, { state: "absent" }]);
    for (const who of [null, "eve"]) {
      const [there, gone] = await ask(who);
      expect(there).toEqual({ ...gone, reason: gone.reason.replace("absent", "secret") });
    }
  });
});

describe.skipIf(isForeignRegistry)("a larder that takes sparse manifests", () => {
  test("lends no blob to a manifest that names what its pusher may not pull", async () => {
    const lab = await GuardedLarder.start(["eve", "root"], RULES, { sparse: true });
    try {
      await lab.push("root", "team/secret", HIDDEN, "1");
      expect((await lab.put("eve", "eve/sparse", HIDDEN.manifest, "1")).status).toBe(201);
      for (const { digest } of HIDDEN.blobs) {
        for (const method of ["HEAD", "GET"])
          expect((await lab.as("eve", method, `/v2/eve/sparse/blobs/${digest}`)).status).toBe(404);
        expect((await lab.as("root", "GET", `/v2/eve/sparse/blobs/${digest}`)).status).toBe(200);
      }
      const { config } = JSON.parse((await lab.as("eve", "GET", "/api/v1/images/local/eve/sparse:1")).text);
      expect(config).toBeNull();
    } finally {
      await lab.stop();
    }
  });
});
