/** Squashing against a small model: layers as maps of whole paths, without a tree, two passes or streams. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { readTar } from "../lib/tar/read-tar.ts";
import type { TarEntryType } from "../lib/tar/tar-entry.ts";
import type { AciManifest } from "./convert/aci-manifest.ts";
import { convertImage, convertLayers } from "./convert/convert-image.ts";
import {
  collect,
  directory,
  file,
  hardLink,
  imageOf,
  type LayerEntry,
  layerTar,
  once,
  opaque,
  whiteout,
} from "./test-image.fixture.ts";

const options = {
  origin: { name: "example.com/m", version: null, originalName: "m", registry: "example.com", repository: "m" },
  compression: "none",
  signal: new AbortController().signal,
} as const;

/** What one layer does to one path. Paths are two components deep at most; `d0` to `d2` are only ever directories. */
type Change =
  | { kind: "file"; path: string; content: string }
  | { kind: "directory"; path: string; mode: number }
  | { kind: "link"; path: string; from: string }
  | { kind: "whiteout"; path: string }
  | { kind: "opaque"; path: string };

const parent = fc.constantFrom("d0", "d1", "d2");
const inner = fc.tuple(parent, fc.constantFrom("a", "b", "c")).map((parts) => parts.join("/"));
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("file" as const), path: inner, content: fc.string({ maxLength: 5 }) }),
  fc.record({ kind: fc.constant("directory" as const), path: parent, mode: fc.constantFrom(0o700, 0o711) }),
  fc.record({ kind: fc.constant("link" as const), path: inner, from: inner }),
  fc.record({ kind: fc.constant("whiteout" as const), path: fc.oneof(parent, inner) }),
  fc.record({ kind: fc.constant("opaque" as const), path: parent }),
);

/** A file is an object: names that share it are hard links of each other. */
type File = { readonly content: string };
type State = { files: Map<string, File>; modes: Map<string, number> };

const within = (path: string, directory: string) => path.startsWith(`${directory}/`);

/** First what the layer hides of `lower`, then what it adds. Changes that would make a layer invalid are left out. */
function applyToModel(lower: State, changes: readonly Change[]): { state: State; entries: LayerEntry[] } {
  const named = new Set<string>();
  const kept: Change[] = [];
  // Links see lower files only as long as nothing of this layer hides or replaces them: keep those that are clear.
  const hidden = (path: string) =>
    changes.some(
      (c) =>
        (c.kind === "whiteout" && (c.path === path || within(path, c.path))) ||
        (c.kind === "opaque" && within(path, c.path)),
    );
  const replaced = (path: string) => changes.some((c) => (c.kind === "file" || c.kind === "link") && c.path === path);
  for (const c of changes) {
    if (c.kind === "link" && (!lower.files.has(c.from) || hidden(c.from) || replaced(c.from))) continue;
    if ((c.kind === "file" || c.kind === "link") && named.has(c.path)) continue;
    named.add(c.kind === "file" || c.kind === "link" ? c.path : "");
    kept.push(c);
  }

  const files = new Map([...lower.files].filter(([path]) => !hidden(path)));
  const modes = new Map(
    [...lower.modes].filter(([path]) => !kept.some((c) => c.kind === "whiteout" && c.path === path)),
  );
  const entries: LayerEntry[] = [];
  for (const c of kept) {
    if (c.kind === "whiteout") entries.push(whiteout(c.path));
    else if (c.kind === "opaque") entries.push(opaque(c.path));
    else if (c.kind === "directory") {
      modes.set(c.path, c.mode);
      entries.push(directory(c.path, { mode: c.mode }));
    } else {
      files.set(c.path, c.kind === "link" ? (lower.files.get(c.from) ?? { content: "" }) : { content: c.content });
      const above = c.path.slice(0, c.path.indexOf("/"));
      if (!modes.has(above)) modes.set(above, 0o755);
      entries.push(c.kind === "link" ? hardLink(c.path, c.from) : file(c.path, c.content));
    }
  }
  return { state: { files, modes }, entries };
}

/** What an ACI unpacks to, hard links as shared objects. */
async function unpack(tar: Uint8Array, into: State = { files: new Map(), modes: new Map() }): Promise<State> {
  for await (const { entry, body } of readTar(once(tar))) {
    const path = entry.path.replace(/^rootfs\/?|\/$/g, "");
    if (entry.path === "manifest" || path === "" || path === "dev" || path.startsWith("dev/")) continue;
    if (entry.type === "directory") into.modes.set(path, entry.mode);
    else if (entry.type === "file")
      into.files.set(path, { content: body === null ? "" : (await collect(body)).toString() });
    else {
      const target = into.files.get(entry.linkTarget.replace(/^rootfs\//, ""));
      if (target === undefined) throw new Error(`${path} links to nothing`);
      into.files.set(path, target);
    }
  }
  return into;
}

/** Contents by path; names of one file by the first of them. */
function describeState({ files, modes }: State) {
  const first = new Map<File, string>();
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, content] of sorted) if (!first.has(content)) first.set(content, path);
  return {
    files: sorted.map(([path, content]) => [path, content.content, first.get(content)]),
    modes: [...modes].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

async function layersOf(history: readonly (readonly Change[])[]): Promise<{ states: State[]; tars: Uint8Array[] }> {
  const states: State[] = [];
  const tars: Uint8Array[] = [];
  let state: State = { files: new Map(), modes: new Map() };
  for (const changes of history) {
    const next = applyToModel(state, changes);
    state = next.state;
    states.push(state);
    tars.push(await layerTar(next.entries));
  }
  return { states, tars };
}

const history = fc.array(fc.array(change, { maxLength: 7 }), { minLength: 1, maxLength: 5 });

test("a squashed image is what the model says, in whatever order a layer lists its changes", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (changes) => {
      const { states, tars } = await layersOf(changes);
      const aci = await convertImage(imageOf(tars), options);
      const expected = states.at(-1);
      if (expected === undefined) throw new Error("there is one layer at least");
      expect(describeState(await unpack(await collect(aci.bytes)))).toEqual(describeState(expected));
    }),
    { numRuns: 400 },
  );
});

/** An ACI of a chain: its manifest and its uncompressed tar. */
type ChainedAci = { readonly manifest: AciManifest; readonly tar: Uint8Array };

/**
 * Renders a chain of ACIs, the lowest first, as rkt 1.30 does: from the top downwards each gives the paths that none above
 * it gave, that its own list of visible paths (of directories it does not count) and the one of the topmost ACI above it
 * that has such a list name, and that lead through no file of those above; a hard link is made when it is come to.
 * Source: appc/spec 0.8.11, pkg/acirenderer/acirenderer.go; rkt 1.30, pkg/aci/render.go.
 */
async function renderAsRkt(chain: readonly ChainedAci[]): Promise<State> {
  const state: State = { files: new Map(), modes: new Map() };
  const types = new Map<string, TarEntryType>();
  let above = null as ReadonlySet<string> | null;
  for (const { manifest, tar } of chain.toReversed()) {
    const listed = manifest.pathWhitelist === undefined ? null : new Set(manifest.pathWhitelist);
    for await (const { entry, body } of readTar(once(tar))) {
      if (entry.path === "manifest") continue;
      const path = entry.path.replace(/^rootfs\/?|\/$/g, "");
      const isHidden = listed !== null && entry.type !== "directory" && !listed.has(`/${path}`);
      if (isHidden || above?.has(`/${path}`) === false || types.has(path) || isThroughFile(path, types)) continue;
      types.set(path, entry.type);
      if (path === "" || path === "dev" || path.startsWith("dev/")) continue;
      if (entry.type === "directory") state.modes.set(path, entry.mode);
      else if (entry.type === "file")
        state.files.set(path, { content: body === null ? "" : (await collect(body)).toString() });
      else state.files.set(path, linkedIn(state, entry.linkTarget));
    }
    above ??= listed;
  }
  return state;
}

function isThroughFile(path: string, types: ReadonlyMap<string, TarEntryType>): boolean {
  const parts = path.split("/");
  return parts.some((_, count) => (types.get(parts.slice(0, count).join("/")) ?? "directory") !== "directory");
}

function linkedIn(state: State, linkTarget: string): File {
  const target = state.files.get(linkTarget.replace(/^rootfs\//, ""));
  if (target === undefined) throw new Error(`a hard link to ${linkTarget}, which was not taken from its ACI`);
  return target;
}

test("one ACI a layer: rkt renders the same files and hard links of them, at each height of the chain", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (changes) => {
      const { states, tars } = await layersOf(changes);
      const chain: ChainedAci[] = [];
      let below: string | null = null;
      for await (const aci of convertLayers(imageOf(tars), options)) {
        expect(aci.manifest.dependencies?.map(({ imageID }) => imageID) ?? []).toEqual(below === null ? [] : [below]);
        chain.push({ manifest: aci.manifest, tar: await collect(aci.bytes) });
        below = aci.imageId();
        const expected = states[chain.length - 1];
        if (expected === undefined) throw new Error("there are as many ACIs as layers");
        const rendered = await renderAsRkt(chain);
        expect(describeState(rendered).files).toEqual(describeState(expected).files);
        // The directories that nobody lists are made with the mode of those that are.
        expect(describeState(expected).modes).toEqual(expect.arrayContaining(describeState(rendered).modes));
      }
      expect(chain.length).toBe(states.length);
    }),
    { numRuns: 400 },
  );
});
