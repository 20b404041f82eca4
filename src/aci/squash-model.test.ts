/** Squashing against a small model: layers as maps of whole paths, without a tree, two passes or streams. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { readTar } from "../lib/tar/read-tar.ts";
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

test("one ACI a layer, put one over the other, gives the same files", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (changes) => {
      const { states, tars } = await layersOf(changes);
      let state: State = { files: new Map(), modes: new Map() };
      let below: string | null = null;
      for await (const aci of convertLayers(imageOf(tars), options)) {
        expect(aci.manifest.dependencies?.map(({ imageID }) => imageID) ?? []).toEqual(below === null ? [] : [below]);
        state = await unpack(await collect(aci.bytes), state);
        const visible = aci.manifest.pathWhitelist;
        if (visible !== undefined) {
          const isVisible = ([path]: [string, unknown]) => visible.includes(`/${path}`);
          state = {
            files: new Map([...state.files].filter(isVisible)),
            modes: new Map([...state.modes].filter(isVisible)),
          };
        }
        below = aci.imageId();
      }
      const contents = (of: State | undefined) =>
        describeState(of ?? state).files.map(([path, content]) => [path, content]);
      expect(contents(state)).toEqual(contents(states.at(-1)));
    }),
    { numRuns: 150 },
  );
});
