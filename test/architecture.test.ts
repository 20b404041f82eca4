/**
 * The house: which room may import from which. Imports go down only; what is not in this map is forbidden, type-only
 * imports included, and no file may reach itself. A new arrow is a decision: write it here, and say why in the commit.
 */
import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";

const SOURCE = join(import.meta.dir, "..", "src");

/** Room -> rooms that it may import from, besides itself. Every room may use `lib` and `oci`, save those two themselves. */
const HOUSE: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  oci: ["lib"],
  telemetry: [],
  storage: [],
  recovery: ["storage"],
  upstream: ["telemetry"],
  access: [],
  tls: ["telemetry"],
  dns: ["telemetry"],
  admin: [],
  registry: ["storage", "upstream", "telemetry"],
  images: ["upstream"],
  discovery: [],
  clients: [],
  doctor: ["clients"],
  aci: [],
  http: ["admin", "access", "registry", "upstream", "aci", "clients", "tls"],
  server: [
    "http",
    "admin",
    "access",
    "registry",
    "recovery",
    "storage",
    "upstream",
    "telemetry",
    "tls",
    "dns",
    "clients",
    "aci",
    "images",
  ],
  remote: ["admin", "registry", "images", "upstream", "telemetry"],
  cli: [
    "remote",
    "server",
    "storage",
    "recovery",
    "admin",
    "registry",
    "images",
    "discovery",
    "clients",
    "doctor",
    "aci",
    "tls",
    "upstream",
    "telemetry",
  ],
  "main.ts": ["cli", "server", "telemetry"],
};
const GROUND = ["lib", "oci"];

type Import = { readonly from: string; readonly to: string };

/** Files whose names mark them as tests or their support may look at any room below them, but no room at them. */
const IS_TEST = /\.(?:test|contract|fixture)\.ts$/;

async function readImports(): Promise<readonly Import[]> {
  const files = (await readdir(SOURCE, { recursive: true })).filter((file) => file.endsWith(".ts"));
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
  return file.split("/")[0] ?? file;
}

function isAllowed({ from, to }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other || other === "..") return true;
  const below = HOUSE[room] ?? [];
  return below.includes(other) || (GROUND.includes(other) && !GROUND.includes(room));
}

test("imports go down the house, and only along the map", async () => {
  const imports = (await readImports()).filter(({ from }) => !IS_TEST.test(from));
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
  const rooms = new Set((await readdir(SOURCE)).map(roomOf));
  expect([...rooms].filter((room) => !(room in HOUSE))).toEqual([]);
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
