import { expect, test } from "bun:test";
import { type Digest, digestOf } from "./digest.ts";
import { findReferrers, type Referrer, walkReferrers } from "./referrers.ts";
import { referrersTag } from "./referrers-tag.ts";
import type { Tag } from "./tag.ts";

const subject = digestOf("subject");
const base = referrersTag(subject);
const [a, b, c] = [digestOf("a"), digestOf("b"), digestOf("c")];

test("what refers to a manifest is found by the API, the referrers tag and cosign's tags, each once", async () => {
  const tags = new Map<Tag, { digest: Digest; lists: readonly Digest[] }>([
    [base, { digest: digestOf("index"), lists: [a, b] }],
    [`${base}.sig` as Tag, { digest: c, lists: [] }],
  ]);
  const asked: Tag[] = [];
  const found = await findReferrers(subject, {
    listed: async () => [a],
    async tagged(tag) {
      asked.push(tag);
      return tags.get(tag) ?? null;
    },
  });
  expect(found).toEqual([
    { digest: a, tag: null },
    { digest: b, tag: null },
    { digest: c, tag: `${base}.sig` as Tag },
  ]);
  expect(asked).toEqual([base, `${base}.sig` as Tag, `${base}.att` as Tag, `${base}.sbom` as Tag]);
});

/** Follows a map from subjects to what refers to them. */
async function walk(graph: ReadonlyMap<Digest, readonly Referrer[]>, start: readonly Digest[]) {
  const asked: Digest[] = [];
  const taken = await walkReferrers(start, {
    async find(digest) {
      asked.push(digest);
      return graph.get(digest) ?? [];
    },
    enter: async ({ digest, tag }) => ({ value: tag ?? digest, manifests: [digest] }),
    jobs: 2,
  });
  return { asked, taken };
}

test("what refers to what refers is followed, each asked for once, a circle included", async () => {
  const graph = new Map<Digest, readonly Referrer[]>([
    [
      subject,
      [
        { digest: a, tag: null },
        { digest: b, tag: `${base}.sbom` as Tag },
      ],
    ],
    [a, [{ digest: c, tag: null }]],
    [
      c,
      [
        { digest: subject, tag: null },
        { digest: a, tag: null },
      ],
    ],
  ]);
  expect(await walk(graph, [subject])).toEqual({
    asked: [subject, a, b, c],
    taken: [a, `${base}.sbom` as Tag, c, subject],
  });
});

test("nobody is asked who signed a signature of cosign's", async () => {
  const tags = [".sig", ".att", ".sbom"].map((suffix) => `${base}${suffix}` as Tag);
  const graph = new Map([[subject, tags.map((tag, at) => ({ digest: [a, b, c][at] as Digest, tag }))]]);
  expect((await walk(graph, [subject])).asked).toEqual([subject, c]);
});

test("more than any image has is refused", async () => {
  const many = Array.from({ length: 5001 }, (_, at) => ({ digest: digestOf(`${at}`), tag: null }));
  const failure = await walk(new Map([[subject, many]]), [subject]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "MANIFEST_INVALID" });
});
