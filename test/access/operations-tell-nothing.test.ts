/**
 * Every operation of the admin API, asked by each kind of asker: of what they may not pull, nothing is told. Two larders hold the
 * same, but that one has private repositories besides: who may not pull those cannot tell the one from the other.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ADMIN_PATH, CONTRACT, type OperationId } from "../../src/admin/contract.ts";
import { tarOf } from "../admin/tar-of.ts";
import { contentOf, describeManifest, type Image, makeArtifact, makeImage } from "../conformance/content-factory.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import type { Reply } from "../conformance/registry-client.ts";
import { GuardedLarder } from "./guarded-larder.ts";

const RULES = [
  { subject: "anonymous", allow: ["pull"], names: ["public/**"] },
  { subject: "tess", allow: ["pull"], names: ["team/**"] },
  { subject: "root", allow: ["*"], names: ["**"] },
];
const SHARED = contentOf("a layer that a private image has, too".repeat(40));
const OPEN = withLayer(makeImage(), SHARED);
const TEAM = withLayer(makeImage(), SHARED);
const SECRET = withLayer(makeImage(), SHARED);
const SIGNATURE = makeArtifact("application/x.confidential", { subject: describeManifest(TEAM.manifest) });
const PRIVATE_DIGESTS = [SECRET, SIGNATURE].flatMap((image) => [
  image.manifest.digest,
  ...image.blobs.map(({ digest }) => digest).filter((digest) => digest !== SHARED.digest && !isEmptyConfig(digest)),
]);
/** What private images have and nobody else: names, tags and digests. */
const PRIVATE = new RegExp(["vault", "classified", "confidential", ...PRIVATE_DIGESTS].join("|"));

type Asked = { readonly path?: string; readonly query?: string; readonly body?: unknown; readonly upload?: true };
/** How each operation is asked. One that is new has to be told of here. `IMAGE` stands for an image's name. */
const ASKED: Readonly<Record<OperationId, Asked>> = {
  getVersion: {},
  getDocument: {},
  getSession: {},
  signIn: { body: { name: "tess", password: "wrong" } },
  signOut: {},
  listSessions: {},
  endSession: { path: "/sessions/0123456789abcdef" },
  getHealth: {},
  getStats: {},
  watch: {},
  listEvents: { query: "?limit=500" },
  getHistory: { query: "?by=namespace" },
  listUpstreams: {},
  listNodes: {},
  getOffline: {},
  setOffline: { body: { offline: true } },
  listTargets: {},
  getTargetFiles: { path: "/clients/docker" },
  getAuthority: {},
  listPrograms: {},
  listImages: { query: "?limit=1000" },
  searchImages: { query: "?sort=size&text=a" },
  searchRepositories: { query: "?sort=size" },
  listNamespaces: {},
  getImage: {},
  listLayerSharing: {},
  listLayerFiles: { query: `?layer=${SHARED.digest}` },
  readLayerText: { query: `?layer=${SHARED.digest}&path=etc/passwd` },
  readImagePart: { query: `?part=${SHARED.digest}` },
  listReferrers: {},
  listStatements: {},
  checkSignatures: {},
  removeImage: {},
  listUntagged: {},
  applyRetention: { body: { dryRun: true } },
  checkImages: {
    body: { images: ["local/vault/app:classified", "local/team/app:1"].map((image) => ({ image, platforms: "all" })) },
  },
  discoverImages: { upload: true },
  fetchImage: { body: { image: "local/vault/app:classified", platforms: "all" } },
  startFetchJob: { body: { images: [{ image: "local/vault/app:classified", platforms: "all" }] } },
  listFetchJobs: {},
  getFetchJob: { path: "/fetch-jobs/1" },
  retryFetchJob: { path: "/fetch-jobs/1/retries", body: {} },
  cancelFetchJob: { path: "/fetch-jobs/1/cancellations", body: {} },
  removeFetchJob: { path: "/fetch-jobs/1" },
  adoptImage: { body: { image: "local/vault/app:classified", digest: SECRET.manifest.digest } },
  getSpace: {},
  listImageSpace: {},
  listNextEvictions: {},
  listPins: {},
  addPin: { body: { pin: "local/vault/**" } },
  removePin: { path: "/pins/local/vault/**" },
  listRecordings: {},
  startRecording: { body: { name: "other" } },
  stopRecording: { path: "/recordings/running/stop", body: {} },
  getRecording: { path: "/recordings/running" },
  removeRecording: { path: "/recordings/running" },
  listEndpoints: {},
  listGivenUp: {},
  getGivenUp: { path: "/notifications/given-up/1" },
  listExamples: {},
  testEndpoint: { body: { name: "none" } },
  retryNotifications: { body: {} },
  dropNotifications: { body: {} },
  listRules: {},
  testRule: { body: { who: "root", action: "pull", repository: "local/vault/app" } },
  collect: { body: {} },
  verify: { body: {} },
  listUsers: {},
  putUser: { path: "/users/new", body: { password: "something" } },
  removeUser: { path: "/users/root" },
  listTokens: {},
  createToken: { body: { name: "new", grants: [] } },
  revokeToken: { path: "/tokens/ci" },
  listAudit: {},
  importRegistry: { body: { folder: "/nowhere" } },
  beginBackup: { body: {} },
  listBackupBlobs: { path: "/backups/none/blobs" },
  readBackup: { path: "/backups/none/files/x" },
  endBackup: { path: "/backups/none" },
};
const IDS = Object.keys(CONTRACT) as OperationId[];
const WHO = ["nobody", "tess", "a token"] as const;
type Who = (typeof WHO)[number] | "root";

describe.skipIf(isForeignRegistry)("of two larders that differ in what is private", () => {
  let labs: readonly Lab[] = [];
  beforeAll(async () => {
    labs = await Promise.all([Lab.start(true), Lab.start(false)]);
  }, 60_000);
  afterAll(() => Promise.all(labs.map((lab) => lab.stop())));

  const both = (ask: (lab: Lab) => Promise<Reply>) => Promise.all(labs.map(ask));

  test.each(WHO.flatMap((who) => IDS.map((id) => [who, id] as const)))("%s hears the same: %s", async (who, id) => {
    for (const image of imagesFor(id)) {
      const [rich, poor] = await both((lab) => lab.ask(who, id, image));
      if (rich === undefined || poor === undefined) throw new Error("there are two");
      expect(withoutAsked(rich.text, id, image)).not.toMatch(PRIVATE);
      // How much larder does as a whole is no secret.
      if (id !== "getStats" && id !== "getHistory") {
        expect([rich.status, plain(rich.text)]).toEqual([poor.status, plain(poor.text)]);
      }
      const { action } = CONTRACT[id];
      if (action === "administer" || (image ?? "").includes("vault")) expect([401, 403]).toContain(rich.status);
      if (action === "administer") expect(rich.status).toBe(who === "nobody" ? 401 : 403);
      // What every puller may ask is answered to those who may pull something.
      if (action === "pull" && image === null) expect([200, 404]).toContain(rich.status);
    }
  });

  test("who administers hears of it", async () => {
    const [rich] = labs;
    if (rich === undefined) throw new Error("there are two");
    const silent: OperationId[] = [];
    const telling = [
      "listImages",
      "searchImages",
      "searchRepositories",
      "listNamespaces",
      "listEvents",
      "watch",
    ] as const;
    const more = ["getHealth", "getStats", "getHistory", "listUntagged", "checkImages", "discoverImages"] as const;
    for (const id of [...telling, ...more]) {
      if (!PRIVATE.test((await rich.ask("root", id, null)).text)) silent.push(id);
    }
    for (const id of ["listLayerSharing", "getImage", "listReferrers"] as const) {
      const { text } = await rich.ask("root", id, "local/vault/app:classified");
      if (!PRIVATE.test(text)) silent.push(id);
    }
    expect(silent).toEqual([]);
    const sharing = JSON.parse((await rich.ask("root", "listLayerSharing", "local/team/app:1")).text);
    expect(JSON.stringify(sharing)).toContain("local/vault/app:classified");
  });
});

/** One of the larders, with its people and what is in it. */
class Lab {
  readonly #people: GuardedLarder;
  readonly #token: string;

  readonly #hasSecrets: boolean;
  #watched = 0;

  private constructor(people: GuardedLarder, token: string, hasSecrets: boolean) {
    this.#people = people;
    this.#token = token;
    this.#hasSecrets = hasSecrets;
  }

  static async start(hasSecrets: boolean): Promise<Lab> {
    const people = await GuardedLarder.start(["tess", "root"], RULES);
    const json = { "Content-Type": "application/json" };
    const grants = ["pull:team/**"];
    const body = JSON.stringify({ name: "ci", grants, expiresAfterMs: null });
    const made = await people.as("root", "POST", `${ADMIN_PATH}/tokens`, { headers: json, body });
    if (made.status !== 200) throw new Error(made.text);
    const lab = new Lab(people, JSON.parse(made.text).token, hasSecrets);
    await people.as("root", "POST", `${ADMIN_PATH}/recordings`, { headers: json, body: '{"name":"running"}' });
    await people.push("root", "public/app", OPEN, "1");
    await people.push("root", "team/app", TEAM, "1");
    if (hasSecrets) await lab.#addSecrets();
    return lab;
  }

  stop(): Promise<void> {
    return this.#people.stop();
  }

  async ask(who: Who, id: OperationId, image: string | null): Promise<Reply> {
    const { method, body: schema } = CONTRACT[id];
    const asked = ASKED[id];
    const headers: Record<string, string> = {};
    if (who === "a token") headers["Authorization"] = `Bearer ${this.#token}`;
    const user = who === "nobody" || who === "a token" ? null : who;
    const path = `${ADMIN_PATH}${pathOf(id, image)}${asked.query ?? ""}`;
    if (id === "signIn") headers["Origin"] = this.#people.larder.url;
    if (id === "watch") return this.#watch(path, { ...headers, ...(user === null ? {} : basic(user)) });
    if (asked.upload) {
      const upload = await tarOf({ "images.txt": "local/vault/app:classified\nlocal/team/app:1\n" });
      const body = new Uint8Array(upload);
      return this.#people.as(user, method, path, {
        headers: { ...headers, "Content-Type": "application/x-tar" },
        body,
      });
    }
    if (schema === null) return this.#people.as(user, method, path, { headers });
    headers["Content-Type"] = "application/json";
    return this.#people.as(user, method, path, { headers, body: JSON.stringify(asked.body) });
  }

  /** What comes until something that everybody sees has been told of; something private happens before that. */
  async #watch(path: string, headers: Record<string, string>): Promise<Reply> {
    const left = new AbortController();
    const response = await fetch(this.#people.larder.url + path, { headers, signal: left.signal });
    if (this.#hasSecrets) await this.#people.put("root", "vault/app", SIGNATURE.manifest, "classified-too");
    await this.#people.put("root", "public/app", OPEN.manifest, `seen-${++this.#watched}`);
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes(`seen-${this.#watched}`)) break;
    }
    left.abort();
    return { status: response.status, headers: response.headers, bytes: new Uint8Array(), text };
  }

  async #addSecrets(): Promise<void> {
    const people = this.#people;
    await people.push("root", "vault/app", SECRET, "classified");
    await people.push("root", "vault.example/app", SECRET, "classified");
    await people.push("root", "vault/app", TEAM, "2");
    await people.push("root", "vault/app", SIGNATURE, "signature");
    // What stood there before has no tag any more.
    await people.push("root", "vault/app", OPEN, "2");
    for (const name of ["vault/app", "vault.example/app"]) {
      for (let times = 0; times < 3; times++) await people.as("root", "GET", `/v2/${name}/manifests/classified`);
    }
    const [layer] = SECRET.blobs.filter(({ bytes }) => bytes.length === 1500);
    if (layer === undefined) throw new Error("an image has layers");
    await damage(people.larder.dataFolder, layer.digest);
    const headers = { "Content-Type": "application/json" };
    const verified = await people.as("root", "POST", `${ADMIN_PATH}/verifications`, { headers, body: "{}" });
    if (!verified.text.includes("vault")) throw new Error(verified.text);
  }
}

async function damage(dataFolder: string, digest: string): Promise<void> {
  const hex = digest.slice(digest.indexOf(":") + 1);
  for await (const path of new Bun.Glob(`**/*${hex.slice(4)}*`).scan({ cwd: dataFolder })) {
    await writeFile(join(dataFolder, path), "x".repeat(1500));
  }
}

function basic(user: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${user}:${Array.from(user).reverse().join("")}`).toString("base64")}` };
}

/** The images that an operation is asked about; null: it names none in its path. */
function imagesFor(id: OperationId): readonly (string | null)[] {
  if (!("image" in CONTRACT[id].parameters)) return [null];
  const byDigest = `local/vault/app@${SECRET.manifest.digest}`;
  const borrowed = `local/team/app@${SECRET.manifest.digest}`;
  return ["local/vault/app:classified", byDigest, borrowed, "local/public/app:1", "local/team/app:1"];
}

function pathOf(id: OperationId, image: string | null): string {
  const { path } = CONTRACT[id];
  return ASKED[id].path ?? path.replace("{image}", image ?? "");
}

/** Without what whoever asks said themselves. */
function withoutAsked(text: string, id: OperationId, image: string | null): string {
  const asked = image ?? (id === "checkImages" || id === "discoverImages" ? "local/vault/app:classified" : null);
  if (asked === null) return text;
  const repository = asked.slice(0, asked.search(/[:@]/));
  return text
    .replaceAll(asked, "ASKED")
    .replaceAll(repository, "ASKED")
    .replaceAll(asked.split("@")[1] ?? "\0", "ASKED");
}

/** Without what differs from larder to larder, and from moment to moment. */
function plain(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+(?: is on \d+)?/g, "HOST")
    .replaceAll(/larder-(?:test|people)-\w+/g, "FOLDER")
    .replaceAll(/"[\w-]+(?:Ms|At|From)":\d+/g, '"TIME":0')
    .replaceAll(/"(?:requestId|instance|fingerprint|etag)":"[^"]*"/g, "ID")
    .replaceAll(/^id: \d+$/gm, "id: N")
    .replaceAll(/"id":\d{16},/g, "")
    .replaceAll(/"freeBytes":\d+/g, "")
    .replaceAll(/^id: N\ndata: {"kind":"(?:traffic|changed)".*\n\n/gm, "")
    .replaceAll(/\[(?:\d{12,},?)+\]/g, "[TIMES]");
}

function withLayer(image: Image, layer: { readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: string }): Image {
  const document = JSON.parse(new TextDecoder().decode(image.manifest.bytes));
  const { mediaType } = document.layers[0];
  document.layers.push({ mediaType, digest: layer.digest, size: layer.bytes.length });
  const manifest = { ...contentOf(JSON.stringify(document)), mediaType: image.manifest.mediaType };
  return { manifest, blobs: [...image.blobs, layer] };
}

function isEmptyConfig(digest: string): boolean {
  return digest === contentOf("{}").digest;
}
