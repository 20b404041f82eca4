/** Lists of tags through a stand-in: what upstream has, with what is here. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { makeImage } from "../conformance/content-factory.ts";
import { pushImage, type Reply, send, withQuery } from "../conformance/registry-client.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

/** More than two pages of upstream's, in no order. */
const MANY = Array.from({ length: 2500 }, (_, index) => `1.${(index * 7) % 2500}.0`);

function inOrder(tags: readonly string[]): string[] {
  return [...new Set(tags)].sort();
}

function listUrl(lab: PullThrough, path = PATH, query = ""): string {
  return withQuery(`${lab.larder.url}/v2/${path}/tags/list${query}`, "ns", HOST);
}

function list(lab: PullThrough, path = PATH, query = ""): Promise<Reply> {
  return send("GET", listUrl(lab, path, query));
}

function tagsOf(reply: Reply): string[] {
  expect(reply.status, reply.text).toBe(200);
  return (JSON.parse(reply.text) as { tags: string[] }).tags;
}

describe("a list of tags", () => {
  let lab: PullThrough;
  beforeAll(async () => {
    lab = await PullThrough.start({ arguments: ["--upstream", "docker.io=http://127.0.0.1:9"] });
  });
  afterAll(() => lab.stop());
  beforeEach(() => {
    lab.upstream.tagList = MANY;
    lab.upstream.behave();
    lab.upstream.requests.length = 0;
  });

  test("has all of upstream's, of a repository that nobody has pulled as well, and is asked for once", async () => {
    for (const path of ["team/unpulled", "unpulled"]) {
      const reply = await list(lab, path);
      expect(tagsOf(reply)).toEqual(inOrder(MANY));
      expect([reply.headers.get("warning"), JSON.parse(reply.text).name]).toEqual([null, path]);
      expect(tagsOf(await list(lab, path))).toEqual(inOrder(MANY));
    }
    expect(lab.upstream.count({ kind: "tags" })).toBe(2 * 3);
  });

  test("has what was pulled and pushed here besides", async () => {
    const path = "team/mixed";
    const { manifest } = makeImage();
    lab.upstream.tag("pulled-and-gone", manifest);
    expect((await lab.manifest("pulled-and-gone", path)).status).toBe(200);
    lab.upstream.tag("pulled-and-gone", null);
    await pushImage(lab.larder.url, `${HOST}/${path}`, makeImage(), "pushed");
    await pushImage(lab.larder.url, path, makeImage(), "1.5.0");
    await pushImage(lab.larder.url, path, makeImage(), "pushed-to-local");
    const here = ["pulled-and-gone", "pushed", "pushed-to-local"];
    expect(tagsOf(await list(lab, path))).toEqual(inOrder([...MANY, ...here]));
  });

  test.each([1, 700, 1000, 2500, 5000])("in pages of %d is complete when the Links are followed", async (n) => {
    const seen: string[] = [];
    for (let url: string | null = listUrl(lab, `team/paged-${n}`, `?n=${n}`); url !== null && seen.length < 3 * n; ) {
      const reply: Reply = await send("GET", url);
      const tags = tagsOf(reply);
      expect(tags.length).toBeLessThanOrEqual(n);
      seen.push(...tags);
      const link: string | undefined = /^<([^>]+)>;\s*rel="next"$/.exec(reply.headers.get("link") ?? "")?.[1];
      url = link === undefined ? null : new URL(link, lab.larder.url).href;
    }
    expect(seen).toEqual(inOrder(MANY).slice(0, 3 * n));
    expect(lab.upstream.count({ kind: "tags" })).toBe(3);
  });

  test("is one question for all who ask at once", async () => {
    lab.upstream.misbehave({ kind: "tags" }, { kind: "hang" }, 1);
    const replies = Array.from({ length: 20 }, () => list(lab, "team/shared"));
    while (lab.upstream.held() === 0) await Bun.sleep(5);
    lab.upstream.release();
    for (const reply of await Promise.all(replies)) expect(tagsOf(reply)).toEqual(inOrder(MANY));
    expect(lab.upstream.count({ kind: "tags" })).toBe(3);
  });

  test("of a repository that upstream does not have is what is here, and 404 without that", async () => {
    lab.upstream.tagList = null;
    await pushImage(lab.larder.url, `${HOST}/team/mine`, makeImage(), "1");
    expect(tagsOf(await list(lab, "team/mine"))).toEqual(["1"]);
    for (let round = 0; round < 3; round++) {
      const reply = await list(lab, "team/nobodys");
      expect([reply.status, reply.text]).toEqual([404, expect.stringContaining("NAME_UNKNOWN")]);
      expect(reply.text).toContain(`${HOST} has no such repository`);
    }
    expect(lab.upstream.count({ kind: "tags" })).toBe(2);
  });

  const failures = [
    ["that refuses", { kind: "status", status: 401 }, 404, "NAME_UNKNOWN"],
    ["that limits", { kind: "status", status: 429 }, 429, "TOOMANYREQUESTS"],
    ["that fails", { kind: "status", status: 500 }, 502, "UPSTREAM_UNAVAILABLE"],
    ["without such lists", { kind: "status", status: 405 }, 502, "UPSTREAM_UNAVAILABLE"],
    ["that sends a page", { kind: "status", status: 200, body: "<html>" }, 502, "UPSTREAM_UNAVAILABLE"],
  ] as const;
  test.each(failures)(
    "at an upstream %s is what is here, with a warning, or an error",
    async (name, fault, ...error) => {
      const path = `team/${name.replaceAll(" ", "-")}`;
      lab.upstream.misbehave({ kind: "tags" }, fault);
      const missing = await list(lab, path);
      expect([missing.status, JSON.parse(missing.text).errors[0].code]).toEqual([...error]);
      await pushImage(lab.larder.url, `${HOST}/${path}`, makeImage(), "here");
      const reply = await list(lab, path);
      expect(tagsOf(reply)).toEqual(["here"]);
      expect(reply.headers.get("warning")).toContain("only tags that are here are listed");
      const line = new RegExp(`upstream failed.*${HOST}/${path}`);
      await until("the log tells of it", () => line.test(lab.larder.output()));
    },
  );

  test("of larder's own repository stays its own, whatever strangers have under that name", async () => {
    await pushImage(lab.larder.url, "app", makeImage(), "mine");
    const reply = await send("GET", `${lab.larder.url}/v2/app/tags/list`);
    expect([tagsOf(reply), reply.headers.get("warning")]).toEqual([["mine"], null]);
  });

  test("in the admin API is what is here", async () => {
    await list(lab, "team/listed");
    const images = await send("GET", `${lab.larder.url}/api/v1/images?search=team/listed`);
    expect([images.status, images.text]).toEqual([200, expect.not.stringContaining("1.5.0")]);
  });
});

describe("a list of a name without a registry", () => {
  let lab: PullThrough;
  beforeEach(async () => {
    lab = await PullThrough.start({ environment: { LARDER_UNQUALIFIED: HOST } });
    lab.upstream.tagList = ["1", "2"];
  });
  afterEach(() => lab.stop());

  test("is that of the first registry that such names belong to", async () => {
    const ask = () => send("GET", `${lab.larder.url}/v2/team/app/tags/list`);
    expect(tagsOf(await ask())).toEqual(["1", "2"]);
    expect(lab.upstream.requests[0]?.path).toBe("/v2/team/app/tags/list");
    await pushImage(lab.larder.url, "team/app", makeImage(), "mine");
    expect(tagsOf(await ask())).toEqual(["mine"]);
    lab.upstream.tagList = null;
    const missing = await send("GET", `${lab.larder.url}/v2/team/none/tags/list`);
    expect([missing.status, missing.text]).toEqual([404, expect.stringContaining("NAME_UNKNOWN")]);
  });
});

describe("a list whose lifetime is over", () => {
  let lab: PullThrough;
  beforeEach(async () => {
    lab = await PullThrough.start({ arguments: ["--tags", "always"] });
    lab.upstream.tagList = ["1", "2", "3"];
  });
  afterEach(() => lab.stop());

  test("is asked for anew, but not by who goes from page to page", async () => {
    expect(tagsOf(await list(lab))).toEqual(["1", "2", "3"]);
    lab.upstream.tagList = ["1", "3", "4"];
    expect(tagsOf(await list(lab, PATH, "?n=1"))).toEqual(["1"]);
    lab.upstream.tagList = ["5"];
    expect(tagsOf(await list(lab, PATH, "?n=2&last=1"))).toEqual(["3", "4"]);
    expect(lab.upstream.count({ kind: "tags" })).toBe(2);
    expect(tagsOf(await list(lab))).toEqual(["5"]);
  });

  test("is listed all the same, with a warning, when upstream cannot be asked", async () => {
    expect(tagsOf(await list(lab))).toEqual(["1", "2", "3"]);
    lab.upstream.misbehave({}, { kind: "status", status: 429 });
    const limited = await list(lab);
    expect([tagsOf(limited), limited.headers.get("warning")]).toEqual([
      ["1", "2", "3"],
      expect.stringMatching(/answered 429; these are the tags of \d{4}-/),
    ]);
    await lab.upstream.stop();
    const gone = await list(lab, PATH, "?n=2");
    expect([tagsOf(gone), gone.headers.get("warning")]).toEqual([["1", "2"], expect.stringContaining("110 larder")]);
    expect(gone.headers.get("link")).toContain("last=2");
    await until("the log tells of it", () => lab.larder.output().includes("the tags of the last list are listed"));
  });

  test("is listed all the same after larder was killed and started again", async () => {
    await list(lab);
    await lab.upstream.stop();
    await lab.restart();
    const kept = await list(lab);
    expect([tagsOf(kept), kept.headers.get("warning")]).toEqual([
      ["1", "2", "3"],
      expect.stringMatching(/is it running\? These are the tags of \d{4}-/),
    ]);
  });

  test("is listed all the same when larder is offline", async () => {
    await list(lab);
    const headers = { "content-type": "application/json" };
    await send("PUT", `${lab.larder.url}/api/v1/settings/offline`, { headers, body: '{"offline":true}' });
    const before = lab.upstream.count();
    const kept = await list(lab);
    expect([tagsOf(kept), kept.headers.get("warning")]).toEqual([
      ["1", "2", "3"],
      expect.stringContaining("larder is offline; these are the tags of"),
    ]);
    await pushImage(lab.larder.url, `${HOST}/team/other`, makeImage(), "here");
    const other = await list(lab, "team/other");
    expect([tagsOf(other), other.headers.get("warning")]).toEqual([
      ["here"],
      expect.stringContaining("larder is offline; only tags that are here are listed"),
    ]);
    const missing = await list(lab, "team/unknown");
    expect([missing.status, missing.text]).toEqual([404, expect.stringContaining("larder is offline")]);
    expect(lab.upstream.count()).toBe(before);
  });
});
