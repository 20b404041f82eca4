/** Whoever cannot prove who they are changes nothing and learns nothing, whatever they send. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GuardedLarder } from "../access/guarded-larder.ts";
import { contentOf, descriptorOf, type Image, makeImage, makeManifest, TYPE } from "../conformance/content-factory.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { ask, expectDecent } from "./expect-decent.ts";
import { hostileRequest } from "./hostile-request.ts";
import { hostileRuns } from "./hostile-runs.ts";

const RUNS = hostileRuns(1000);
const LIMIT_MS = 600_000;
/** Stands in everything private that no request names. */
const MARKER = "xyzzy-plugh";
const RULES = [
  { subject: "anonymous", allow: ["pull"], names: ["public/**"] },
  { subject: "root", allow: ["*"], names: ["**"] },
];
const PUBLIC = makeImage();
const SECRET = markedImage();

/** An image that tells the marker wherever an image can tell anything. */
function markedImage(): Image {
  const config = contentOf(JSON.stringify({ architecture: MARKER, os: "linux", config: { Env: [MARKER] } }));
  const layer = contentOf(`a layer of ${MARKER}`);
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: [descriptorOf(layer, TYPE.layer, { annotations: { "org.opencontainers.image.title": MARKER } })],
    annotations: { marker: MARKER },
  });
  return { manifest, blobs: [config, layer] };
}

describe.skipIf(isForeignRegistry)("a larder with people", () => {
  let lab: GuardedLarder;
  let session: string;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["root"], RULES);
    await lab.push("root", "public/app", PUBLIC, "1");
    await lab.push("root", "team/secret", SECRET, "1");
    await lab.push("root", "team/secret", SECRET, MARKER);
    await lab.push("root", `team/${MARKER}`, SECRET, "1");
    // What was looked for in local is looked for along the search order.
    await lab.push("root", "docker.io/team/hidden", SECRET, "1");
    const opened = await lab.as("root", "POST", "/v2/team/secret/blobs/uploads/");
    session = opened.headers.get("location")?.split("/").at(-1) ?? "";
    await lab.as("root", "PUT", `/api/v1/users/${MARKER}`, json({ password: "a long enough password", grants: [] }));
  }, 60_000);
  afterAll(() => lab.stop());

  /** All that somebody could have changed. */
  async function state(): Promise<readonly string[]> {
    const paths = [
      "/v2/_catalog?n=1000",
      "/api/v1/images",
      "/api/v1/untagged",
      "/api/v1/pins",
      "/api/v1/users",
      "/api/v1/tokens",
      "/api/v1/settings/offline",
      `/v2/team/secret/blobs/uploads/${session}`,
      ...SECRET.blobs.map(({ digest }) => `/v2/team/secret/blobs/${digest}`),
      `/v2/public/app/manifests/${PUBLIC.manifest.digest}`,
    ];
    const replies = await Promise.all(paths.map((path) => lab.as("root", "GET", path)));
    return replies.map(
      ({ status, text }, at) => `${paths[at]}: ${status} ${text.replaceAll(/"(?:lastUsed|pulled)[^,}]*/g, "")}`,
    );
  }

  test(
    "shows nothing of it to whoever proves nothing, and lets them change nothing",
    async () => {
      const before = await state();
      expect(before.join("")).toContain(MARKER);
      const surroundings = {
        repositories: [
          "team/secret",
          "local/team/secret",
          "docker.io/team/hidden",
          "team/hidden",
          "public/app",
          "localhost/team/secret",
        ],
        references: ["1", session, SECRET.manifest.digest, ...SECRET.blobs.map(({ digest }) => digest)],
      };
      const decent = fc.asyncProperty(hostileRequest(surroundings), async (asked) => {
        const reply = await ask(lab.larder.url, asked);
        expectDecent(asked, reply);
        expect(reply.wire.toString("latin1")).not.toContain(MARKER);
        // Who signs out and was nobody is told so.
        const isSignOut = asked.method === "DELETE" && asked.target.includes("/api/v1/session");
        if (!["GET", "HEAD"].includes(asked.method) && !(isSignOut && reply.status === 200))
          expect([0, 400, 401, 403, 404, 405, 413, 416, 429]).toContain(reply.status);
      });
      await fc.assert(decent, { numRuns: RUNS });
      expect(await state()).toEqual(before);
      expect(lab.larder.output()).not.toContain("a request failed");
    },
    LIMIT_MS,
  );
});

function json(document: object) {
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(document) };
}
