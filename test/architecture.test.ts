/**
 * The house: which room may import from which. Imports go down only; what is not in this map is forbidden, type-only
 * imports included, and no file may reach itself. A new arrow is a decision: write it here, and say why in the commit.
 */
import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";

const SOURCE = join(import.meta.dir, "..", "src");

/**
 * Room -> rooms that it may import from, besides itself: a folder, without the folders in it. Every room may use the
 * folders of `lib` and `oci`, save those themselves.
 */
const HOUSE: Readonly<Record<string, readonly string[]>> = {
  "lib/async": [],
  "lib/command": [],
  "lib/compression": [],
  "lib/failures": ["lib/files"],
  "lib/files": ["lib/libc"],
  "lib/hcl": [],
  "lib/go-template": ["lib/re2", "lib/text"],
  "lib/net": [],
  "lib/re2": [],
  "lib/libc": [],
  "lib/process": ["lib/files", "lib/libc"],
  "lib/systemd": ["lib/libc"],
  "lib/tar": [],
  "lib/text": [],
  oci: ["lib/async", "lib/text"],
  telemetry: [],
  "telemetry/metrics": [],
  // Which span the work that runs belongs to goes along with it: whoever takes time says so, and knows nothing of who is told.
  "telemetry/traces": [],
  "telemetry/otlp": ["telemetry", "telemetry/traces", "upstream/transport"],
  storage: [],
  "storage/filesystem": ["telemetry/traces", "storage"],
  "storage/memory": ["storage"],
  "storage/sqlite/migrations": [],
  "storage/sqlite": ["telemetry/traces", "storage", "storage/sqlite/migrations"],
  recovery: ["storage", "storage/filesystem", "storage/sqlite"],
  "recovery/backup": ["telemetry", "storage", "storage/filesystem", "storage/sqlite", "recovery"],
  "upstream/transport": ["telemetry/traces"],
  "upstream/auth": ["telemetry/traces", "upstream/transport"],
  upstream: ["telemetry/traces", "upstream/transport", "upstream/auth"],
  access: [],
  signatures: [],
  "access/rules": ["access"],
  "access/passwords": ["access"],
  "access/sessions": ["access"],
  // Users and tokens are rows of the store; what the rest of the room knows of people comes from anywhere.
  "access/accounts": ["access", "storage"],
  // Who has signed in to the page is told to all larders of a store, and spelled as tokens spell it.
  "access/page-sessions": ["access", "access/sessions", "storage"],
  "access/oidc": ["access"],
  "access/upstreams": ["access"],
  "registry/names": [],
  "registry/holds": ["storage"],
  "registry/signatures": ["telemetry", "storage", "signatures"],
  "registry/pull": [
    "telemetry",
    "telemetry/traces",
    "storage",
    "upstream/transport",
    "upstream",
    "registry/names",
    "signatures",
    "registry/signatures",
  ],
  "registry/push": ["storage", "upstream/transport", "registry/names", "registry/pull"],
  "registry/retention": ["storage", "registry/holds"],
  // What is pulled is noted, described by what is here of it, and held.
  "registry/recordings": ["storage", "registry/holds", "registry/pull"],
  "registry/notifications": ["telemetry", "storage", "upstream/transport"],
  registry: ["telemetry", "storage", "registry/push", "registry/retention"],
  // What is happening, for those who watch: told of what the others do.
  "registry/live": ["storage"],
  "registry/space": ["telemetry", "storage", "registry/holds", "registry/pull"],
  // Lists of images, which a server brings by itself.
  "registry/fetches": ["telemetry", "storage", "registry/names"],
  // What is inside of images, for whoever looks into one.
  "registry/contents": ["storage", "signatures", "registry/names", "registry/pull", "registry/images"],
  "registry/images": [
    "storage",
    "upstream/transport",
    "signatures",
    "registry/holds",
    "registry/names",
    "registry/pull",
    "registry/push",
  ],
  "registry/verification": ["telemetry", "storage", "registry/names", "registry/pull", "registry/images"],
  // Another registry's folder becomes content of the stores, and theirs such a folder; it knows no HTTP and no larder's own layout.
  adoption: ["storage"],
  images: [],
  "images/files": ["images"],
  "images/layout": ["images", "images/files"],
  "images/docker-archive": ["images", "images/files", "images/layout"],
  "images/archive": ["images", "images/files", "images/layout", "images/docker-archive"],
  "images/copy": ["images", "images/files"],
  "images/compress": ["images", "images/copy", "images/files"],
  "images/directory": ["images", "images/files", "images/layout"],
  "images/engine": ["images", "images/files", "images/docker-archive", "images/archive"],
  "images/registry": ["upstream/transport", "upstream", "images", "images/files"],
  "discovery/found": [],
  "discovery/files": ["discovery/found"],
  "discovery/dockerfile": ["discovery/found", "discovery/files"],
  "discovery/helm": ["discovery/found", "discovery/files"],
  "discovery/kustomize": ["discovery/found", "discovery/files"],
  "discovery/compose": ["discovery/found", "discovery/files"],
  "discovery/releases": ["discovery/found", "discovery/files", "discovery/helm", "discovery/kustomize"],
  "discovery/pipelines": ["discovery/found", "discovery/files"],
  "discovery/text-formats": [
    "discovery/found",
    "discovery/files",
    "discovery/compose",
    "discovery/dockerfile",
    "discovery/releases",
  ],
  "discovery/formats": [
    "discovery/found",
    "discovery/files",
    "discovery/kubernetes",
    "discovery/compose",
    "discovery/pipelines",
    "discovery/releases",
  ],
  discovery: [
    "discovery/found",
    "discovery/files",
    "discovery/dockerfile",
    "discovery/formats",
    "discovery/helm",
    "discovery/kustomize",
    "discovery/releases",
    "discovery/text-formats",
  ],
  // For a server, in a process of its own, and the files of strangers.
  "discovery/serve": ["discovery", "discovery/files", "discovery/found", "discovery/helm", "discovery/kubernetes"],
  "discovery/kubernetes": ["discovery/found", "discovery/files"],
  tls: [],
  dns: [],
  admin: [],
  clients: [],
  "clients/merge": ["clients"],
  "clients/programs": [],
  "clients/script": [],
  "clients/targets": ["clients", "clients/merge", "clients/script"],
  "clients/deliver": ["clients", "clients/merge", "clients/script", "clients/targets"],
  "doctor/script": [],
  doctor: ["clients", "clients/merge", "clients/script", "clients/targets", "doctor/script"],
  aci: [],
  "aci/sign": ["aci"],
  "aci/convert": ["aci", "aci/sign"],
  "aci/serve": ["telemetry/traces", "aci", "aci/sign", "aci/convert"],
  http: ["telemetry", "telemetry/traces", "access"],
  "http/token": ["access", "access/sessions", "registry/names", "http"],
  "http/health": ["http"],
  // What nodes fetch is told of by the admin API, too, in the same words.
  "http/clients": [
    "access",
    "admin",
    "clients",
    "clients/programs",
    "clients/targets",
    "clients/deliver",
    "doctor",
    "http",
  ],
  "http/aci": [
    "access",
    "registry/names",
    "registry/pull",
    "registry/images",
    "aci",
    "aci/convert",
    "aci/serve",
    "http",
    "http/clients",
  ],
  "http/admin": [
    "adoption",
    "discovery/serve",
    "access",
    "access/rules",
    "recovery/backup",
    "registry/names",
    "registry/holds",
    "registry/notifications",
    "access/accounts",
    "access/page-sessions",
    "storage",
    "registry/pull",
    "registry",
    "registry/space",
    "storage",
    "registry/fetches",
    "registry/contents",
    "registry/images",
    "registry/recordings",
    "registry/verification",
    "registry/retention",
    "registry/live",
    "admin",
    "clients",
    "http",
    "http/clients",
  ],
  "http/metrics": ["telemetry/metrics", "access", "http"],
  "http/web": ["http"],
  // The page runs in browsers: of larder it knows what the admin API says, and pure functions of the ground rooms.
  "web/api": ["admin"],
  "web/parts": ["web/api"],
  "web/events": ["admin", "web/api", "web/parts"],
  "web/images": ["admin", "web/api", "web/parts"],
  "web/activity": ["admin", "web/api", "web/parts"],
  // The rows and lines of a recording are made as the command line makes them.
  "web/recordings": ["admin", "web/api", "web/parts"],
  "web/image": ["admin", "web/api", "web/parts"],
  "web/nodes": ["admin", "web/api", "web/parts"],
  "web/cluster": ["admin", "web/api", "web/parts"],
  "web/people": ["admin", "web/api", "web/parts"],
  web: [
    "web/api",
    "web/parts",
    "web/events",
    "web/images",
    "web/activity",
    "web/recordings",
    "web/image",
    "web/nodes",
    "web/cluster",
    "web/people",
  ],
  "http/distribution": [
    "upstream",
    "access",
    "registry/names",
    "registry/pull",
    "registry/push",
    "registry/images",
    "http",
  ],
  "server/settings": ["access", "access/rules", "registry/names", "registry/notifications", "registry/retention"],
  // registry:2's configuration in terms of larder's own settings.
  "server/distribution": ["registry/names", "server/settings"],
  "server/sources": ["server/settings", "server/distribution"],
  "server/metrics": [
    "telemetry",
    "telemetry/metrics",
    "telemetry/otlp",
    "storage",
    "upstream/transport",
    "upstream",
    "registry/signatures",
    "registry/notifications",
    "registry/pull",
    "registry",
    "registry/verification",
    "registry/space",
    "tls",
    "dns",
    "http",
  ],
  server: [
    "adoption",
    "discovery/serve",
    "doctor",
    "telemetry",
    "telemetry/traces",
    "telemetry/otlp",
    "storage",
    "storage/filesystem",
    "storage/sqlite",
    "recovery",
    "recovery/backup",
    "upstream/transport",
    "upstream/auth",
    "upstream",
    "access",
    "access/oidc",
    "access/passwords",
    "access/rules",
    "access/sessions",
    "access/accounts",
    "access/page-sessions",
    "signatures",
    "access/upstreams",
    "registry/names",
    "registry/holds",
    "registry/signatures",
    "registry/pull",
    "registry/push",
    "registry",
    "registry/space",
    "registry/fetches",
    "registry/contents",
    "registry/images",
    "registry/live",
    "registry/notifications",
    "registry/recordings",
    "registry/verification",
    "registry/retention",
    "tls",
    "dns",
    "clients",
    "clients/programs",
    "aci",
    "aci/sign",
    "aci/serve",
    "http",
    "http/health",
    "http/token",
    "http/clients",
    "http/aci",
    "http/admin",
    "http/distribution",
    "http/metrics",
    "http/web",
    "server/metrics",
    "server/settings",
  ],
  // Its larder.yaml is written from the table of settings.
  installation: ["server/settings", "server/sources"],
  "remote/running": [],
  "remote/charts": ["telemetry", "upstream/transport", "upstream/auth", "upstream"],
  remote: [
    "remote/running",
    "telemetry",
    "upstream/transport",
    "upstream/auth",
    "upstream",
    "signatures",
    "registry/images",
    "images",
    "images/copy",
    "images/registry",
    "admin",
  ],
  "cli/json": ["admin"],
  cli: [
    "cli/json",
    "cli/help",
    "upstream/auth",
    "registry/names",
    "images",
    "images/files",
    "images/layout",
    "images/docker-archive",
    "images/archive",
    "images/compress",
    "images/copy",
    "images/directory",
    "images/engine",
    "images/registry",
    "discovery",
    "discovery/helm",
    "discovery/kubernetes",
    "admin",
    "clients",
    "clients/programs",
    "clients/targets",
    "clients/deliver",
    "doctor",
    "aci",
    "aci/sign",
    "aci/convert",
    "server/settings",
    "server/sources",
    "remote",
    "remote/charts",
    "remote/running",
  ],
  "cli/completion": ["cli/help"],
  "cli/help": [],
  "cli/man": ["server/settings", "cli/help"],
  "cli/verbs": [
    "adoption",
    "access",
    "access/rules",
    "telemetry",
    "storage/sqlite",
    "recovery",
    "recovery/backup",
    "upstream/auth",
    "upstream",
    "signatures",
    "registry/names",
    "images",
    "images/registry",
    "discovery/found",
    "discovery/kubernetes",
    "discovery/serve",
    "tls",
    "admin",
    "clients",
    "clients/targets",
    "clients/deliver",
    "doctor",
    "aci",
    "aci/sign",
    "aci/convert",
    "server/settings",
    "server/sources",
    "server",
    "installation",
    "remote",
    "remote/running",
    "cli",
    "cli/json",
    "cli/help",
    "cli/man",
    "cli/completion",
  ],
  "main.ts": ["telemetry", "cli", "cli/help", "cli/verbs"],
};

/** May everybody build on this room? */
function isGround(room: string): boolean {
  return room === "oci" || room.split("/")[0] === "lib";
}

/** Declarations and styles are no code. */
function isSource(file: string): boolean {
  return /\.tsx?$/.test(file);
}

type Import = { readonly from: string; readonly to: string };

/** Files whose names mark them as tests or their support may look at any room below them, but no room at them. */
const IS_TEST = /\.(?:test|contract|fixture)\.ts$/;

function isCode({ from }: Import): boolean {
  return !IS_TEST.test(from);
}

async function readImports(): Promise<readonly Import[]> {
  const files = (await readdir(SOURCE, { recursive: true })).filter(isSource);
  const imports: Import[] = [];
  for (const from of files) {
    const text = await readFile(join(SOURCE, from), "utf8");
    for (const [, target = ""] of text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g)) {
      imports.push({ from, to: normalize(join(dirname(from), target)) });
    }
  }
  return imports;
}

function roomOf(file: string): string {
  return file.includes("/") ? dirname(file) : file;
}

function isAllowed({ from, to }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other || other.startsWith("..")) return true;
  return (HOUSE[room] ?? []).includes(other) || (isGround(other) && !isGround(room));
}

test("imports go down the house, and only along the map", async () => {
  const imports = (await readImports()).filter(isCode);
  const wrong = imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} -> ${to}`);
  expect(wrong).toEqual([]);
  expect(imports.length).toBeGreaterThan(500);
});

test("the map has no circle, and every room stands in it", async () => {
  const order: string[] = [];
  const visit = (room: string, path: readonly string[]): void => {
    expect(path).not.toContain(room);
    if (order.includes(room)) return;
    for (const below of HOUSE[room] ?? []) visit(below, [...path, room]);
    order.push(room);
  };
  for (const room of Object.keys(HOUSE)) visit(room, []);
  const files = (await readdir(SOURCE, { recursive: true })).filter(isSource);
  expect([...new Set(files.map(roomOf))].filter((room) => !(room in HOUSE))).toEqual([]);
});

test("every arrow of the map is used", async () => {
  const used = new Set((await readImports()).filter(isCode).map(({ from, to }) => `${roomOf(from)} -> ${roomOf(to)}`));
  const arrows = Object.entries(HOUSE).flatMap(([room, below]) => below.map((other) => `${room} -> ${other}`));
  expect(arrows.filter((arrow) => !used.has(arrow))).toEqual([]);
});

test("no file reaches itself through its imports", async () => {
  const graph = new Map<string, string[]>();
  for (const { from, to } of await readImports()) graph.set(from, [...(graph.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    else if (!done.has(file)) {
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    }
  };
  for (const file of graph.keys()) visit(file, []);
  expect(circles).toEqual([]);
});

test("nothing but tests imports tests and their support", async () => {
  const imports = (await readImports()).filter(({ from, to }) => !IS_TEST.test(from) && IS_TEST.test(to));
  expect(imports).toEqual([]);
});

test("there are no barrels, and no rooms for everything", async () => {
  const files = (await readdir(SOURCE, { recursive: true })).map((file) => relative(".", file));
  expect(files.filter((file) => /(?:^|\/)(?:index|utils?|helpers?|common|misc|types)(?:\.ts|$)/.test(file))).toEqual(
    [],
  );
});

test("the page uses nothing that browsers lack", async () => {
  const files = (await readdir(join(SOURCE, "web"), { recursive: true })).filter(isSource);
  const lacking = await Promise.all(
    files
      // Those run when the page is made.
      .filter((file) => file !== "api/operations.ts" && !IS_TEST.test(file))
      .map(async (file) => {
        const text = await readFile(join(SOURCE, "web", file), "utf8");
        // An object of styles is set property by property, which the policy lets be; an attribute it does not.
        return /\b(?:Bun|process|Buffer)\.|from "(?:node|bun):|dangerouslySetInnerHTML|\bstyle=(?!\{\{)/.test(text)
          ? [file]
          : [];
      }),
  );
  expect(lacking.flat()).toEqual([]);
});
