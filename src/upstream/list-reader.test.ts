import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { parseRepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { clientOf, failureOf, PATH } from "./registry.fixture.ts";
import { startWebServer, type WebServer } from "./transport/web-server.fixture.ts";
import { nextLink } from "./list-page.ts";
import type { RegistryClient } from "./registry-client.ts";

let server: WebServer;
beforeEach(() => {
  server = startWebServer(() => new Response("", { status: 404 }));
});
afterEach(() => server.stop());

const tagsOf = async (client: RegistryClient) => (await client.listTags(PATH))?.tags;

const page = (key: "tags" | "repositories", names: readonly unknown[] | null, next?: string): Response =>
  Response.json({ [key]: names }, next === undefined ? {} : { headers: { link: `<${next}>; rel="next"` } });

describe("lists", () => {
  test("are read over all of their pages", async () => {
    server.handle = (request) => {
      const last = new URL(request.url).searchParams.get("last");
      if (last === null) return page("tags", ["a", "b"], "/v2/public/app/tags/list?last=b");
      return last === "b" ? page("tags", ["c"], "?last=c&n=2") : page("tags", null);
    };
    expect(await tagsOf(clientOf(server.url))).toEqual(["a", "b", "c"].map(parseTag));
    expect(server.requests.map(({ url }) => url.search)).toEqual(["?n=1000", "?last=b", "?last=c&n=2"]);
  });

  test("begin and end where they are told to", async () => {
    server.handle = () => page("tags", ["b", "c", "d"], "?last=d");
    expect(await clientOf(server.url).listTags(PATH, { after: "a", limit: 2 })).toEqual({
      tags: ["b", "c"].map(parseTag),
      isCut: true,
    });
    expect(server.requests.map(({ url }) => url.search)).toEqual(["?n=2&last=a"]);
  });

  test("that go in circles end where they come back to, and endless ones at the limit", async () => {
    server.handle = () => page("tags", ["a", "b"], "?last=b");
    expect(await clientOf(server.url).listTags(PATH)).toEqual({
      tags: ["a", "b", "a", "b"].map(parseTag),
      isCut: false,
    });
    expect(server.requests.length).toBe(2);
    let pages = 0;
    server.handle = () => page("tags", ["a"], `?last=a&page=${++pages}`);
    const client = clientOf(server.url, { limits: { listEntries: 50 } });
    expect(await client.listTags(PATH)).toEqual({ tags: Array.from({ length: 50 }, () => parseTag("a")), isCut: true });
    server.handle = () => page("tags", [], `?last=a&page=${++pages}`);
    server.requests.length = 0;
    expect(await clientOf(server.url).listTags(PATH)).toEqual({ tags: [], isCut: true });
    expect(server.requests.length).toBe(1000);
  });

  test("come in bounded size and time", async () => {
    let pages = 0;
    server.handle = () => page("tags", ["a".repeat(100)], `?page=${++pages}`);
    const small = clientOf(server.url, { limits: { listBytes: 2000 } });
    expect(await failureOf(small.listTags(PATH))).toEqual({ kind: "protocol" });
    expect(server.requests.length).toBeLessThan(25);
    server.handle = async () => {
      await Bun.sleep(20);
      return page("tags", ["a"], `?page=${++pages}`);
    };
    const hasty = clientOf(server.url, { limits: { listTimeoutMs: 200 } });
    expect(await failureOf(hasty.listTags(PATH))).toEqual({ kind: "timeout", waiting: "body" });
  });

  test("go on where a redirect led to", async () => {
    const elsewhere = startWebServer((request) =>
      new URL(request.url).searchParams.has("page") ? page("tags", ["b"]) : page("tags", ["a"], "/there/list?page=2"),
    );
    server.handle = () => Response.redirect(`${elsewhere.url}/there/list`, 307);
    const client = clientOf(server.url, { mirrors: [{ url: elsewhere.url }] });
    expect(await tagsOf(client)).toEqual(["a", "b"].map(parseTag));
    expect(elsewhere.requests.map(({ url }) => url.pathname)).toEqual(["/there/list", "/there/list"]);
    await elsewhere.stop();
  });

  test("do not go on at another server", async () => {
    for (const next of ["http://127.0.0.1:1/v2/_catalog", "//other.test/", "file:///etc/passwd"]) {
      server.handle = () => page("repositories", ["a"], next);
      expect(await failureOf(clientOf(server.url).listRepositories())).toEqual({ kind: "protocol" });
    }
  });

  test("hold only names that can be asked for", async () => {
    server.handle = () => page("repositories", ["good/name", "../etc", "UPPER", ""]);
    expect(await clientOf(server.url).listRepositories()).toEqual([parseRepositoryPath("good/name")]);
    server.handle = () => page("tags", ["v1", "-x", "a/b"]);
    expect(await tagsOf(clientOf(server.url))).toEqual([parseTag("v1")]);
  });

  test("of another shape, or without an end, are a failure", async () => {
    for (const answer of ["<html>", '{"tags":[1]}', '{"tags":"a"}', '"a"', `{"x":"${"x".repeat(5000)}"}`]) {
      server.handle = () => new Response(answer);
      expect(await failureOf(clientOf(server.url, { limits: { listBytes: 4000 } }).listTags(PATH))).toEqual({
        kind: "protocol",
      });
    }
  });

  test("that a registry does not have are null", async () => {
    for (const status of [404, 405, 501]) {
      server.handle = () => new Response("", { status });
      expect(await clientOf(server.url).listRepositories()).toBeNull();
    }
    server.handle = () => new Response("", { status: 401 });
    expect(await failureOf(clientOf(server.url).listRepositories())).toEqual({ kind: "unauthorized", status: 401 });
  });

  test("below a path of the server leave out what stands before all names", async () => {
    server.handle = () => page("repositories", ["hub/library/a", "other/b"]);
    expect(await clientOf(`${server.url}/v2/hub`).listRepositories()).toEqual([parseRepositoryPath("library/a")]);
  });
});

describe("referrers", () => {
  const subject = digestOf("subject");
  const entry = (text: string, artifactType: string) => ({
    mediaType: MEDIA_TYPE.ociManifest,
    digest: digestOf(text),
    size: text.length,
    artifactType,
  });
  const index = (manifests: readonly object[], next?: string): Response =>
    new Response(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }), {
      headers: { "content-type": MEDIA_TYPE.ociIndex, ...(next === undefined ? {} : { link: `<${next}>; rel=next` }) },
    });

  test("come from the API over all of its pages, filtered though the registry does not filter", async () => {
    server.handle = (request) =>
      request.url.includes("page=2")
        ? index([entry("c", "sbom")])
        : index([entry("a", "sbom"), entry("b", "sig")], "?page=2");
    const client = clientOf(server.url);
    expect(await client.listReferrers(PATH, subject)).toEqual([
      entry("a", "sbom"),
      entry("b", "sig"),
      entry("c", "sbom"),
    ]);
    expect(await client.listReferrers(PATH, subject, { artifactType: "sbom" })).toEqual([
      entry("a", "sbom"),
      entry("c", "sbom"),
    ]);
    expect(server.requests[2]?.url.href).toBe(`${server.url}/v2/public/app/referrers/${subject}?artifactType=sbom`);
  });

  test("come from the fallback tag of a registry that does not know the API", async () => {
    const tag = subject.replace(":", "-");
    for (const answer of [
      () => new Response("", { status: 404 }),
      () => new Response("<html>"),
      () => new Response("", { status: 400 }),
    ]) {
      server.handle = (request) => (request.url.endsWith(`/manifests/${tag}`) ? index([entry("a", "sig")]) : answer());
      expect(await clientOf(server.url).listReferrers(PATH, subject)).toEqual([entry("a", "sig")]);
    }
  });

  test("are none where there is neither, and a failure when the registry fails", async () => {
    expect(await clientOf(server.url).listReferrers(PATH, digestOf("x", "sha512"))).toEqual([]);
    expect(server.requests[1]?.url.pathname).toMatch(/\/manifests\/sha512-[0-9a-f]{64}$/);
    server.handle = () => new Response("", { status: 500 });
    expect(await failureOf(clientOf(server.url).listReferrers(PATH, subject))).toEqual({
      kind: "server-error",
      status: 500,
    });
    server.handle = () => index([{ digest: "sha256:bad", size: 1 }]);
    expect(await failureOf(clientOf(server.url).listReferrers(PATH, subject))).toEqual({ kind: "protocol" });
  });

  test("that go in circles end at the limit", async () => {
    server.handle = () => index([entry("a", "sig")], "?page=2");
    expect(await clientOf(server.url, { limits: { listEntries: 20 } }).listReferrers(PATH, subject)).toHaveLength(20);
  });
});

describe("the next link", () => {
  test("is found among others, however its relation is written", () => {
    expect(nextLink('</v2/_catalog?last=b&n=1>; rel="next"')).toBe("/v2/_catalog?last=b&n=1");
    expect(nextLink('</a>; rel=prev, </b?x=1,2;3>; title="x, <y>"; REL=Next')).toBe("/b?x=1,2;3");
    expect(nextLink('<https://h/c>; rel="last next"')).toBe("https://h/c");
  });

  test("is null when there is none", () => {
    for (const header of [
      null,
      "",
      "/v2/_catalog; rel=next",
      '</a>; rel="prev"',
      "</a>; title=next",
      "<",
      "<<<>;rel",
    ]) {
      expect(nextLink(header)).toBeNull();
    }
    expect(nextLink(`</${"a".repeat(20_000)}>; rel=next`)).toBeNull();
  });

  test("is read back as it was printed, behind any other link", () => {
    const target = fc.webUrl({ withQueryParameters: true }).filter((url) => !/[<>]/.test(url));
    fc.assert(
      fc.property(target, target, (other, next) => {
        expect(nextLink(`<${other}>; rel="prev"; title="a,b", <${next}>; rel="next"`)).toBe(next);
      }),
    );
  });

  test("costs no long time on hostile headers", () => {
    // In steps that grow with the length these are milliseconds; with its square they would be hours.
    const started = performance.now();
    nextLink('<a>;"'.repeat(300_000));
    nextLink("<".repeat(1_600_000));
    nextLink(`<a>${'"\\'.repeat(800_000)}`);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
