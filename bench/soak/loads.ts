import { createHash } from "node:crypto";
import { ACCEPT_MANIFESTS, makeImage, pushImage } from "../content.ts";

/** Where the loads go: larder, and the name under which it pulls from the upstream. */
export type Target = { readonly url: string; readonly upstream: string };

/** Something that clients do again and again. It throws when larder's answer is wrong. */
export type Load = {
  readonly name: string;
  readonly pauseMs: number;
  readonly once: (target: Target, turn: number) => Promise<void>;
};

const LAYER_BYTES = 256 << 10;
const REPOSITORIES = 10;
const TAGS = 20;
/** Of what the upstream has, some are asked for again and again, and most once. */
const HOT_TAGS = 8;

const repositoryOf = (turn: number): string => `soak/app${turn % REPOSITORIES}`;
const tagOf = (turn: number): string => `v${Math.floor(turn / REPOSITORIES) % TAGS}`;

/** What a fleet of nodes, its CI and its people do to a larder. */
export const LOADS: readonly Load[] = [
  {
    name: "push",
    pauseMs: 40,
    once: ({ url }, turn) => pushImage(url, repositoryOf(turn), tagOf(turn), makeImage(LAYER_BYTES)),
  },
  {
    name: "pull of what was pushed",
    pauseMs: 10,
    once: ({ url }, turn) => pull(url, repositoryOf(turn), tagOf(turn * 7), "may be gone"),
  },
  {
    name: "pull through, each image once",
    pauseMs: 50,
    once: ({ url, upstream }, turn) => pull(url, `${upstream}/cold/app`, `v${turn}`, "must be there"),
  },
  {
    name: "pull through, the same few images",
    pauseMs: 20,
    once: ({ url, upstream }, turn) => pull(url, `${upstream}/hot/app`, `v${turn % HOT_TAGS}`, "must be there"),
  },
  {
    name: "removal",
    pauseMs: 100,
    once: ({ url }, turn) => remove(url, repositoryOf(turn * 3), tagOf(turn * 11)),
  },
  {
    name: "lists, figures, metrics",
    pauseMs: 200,
    async once({ url }, turn) {
      const paths = [
        "/v2/_catalog",
        `/v2/${repositoryOf(turn)}/tags/list`,
        "/api/v1/images?limit=50",
        "/api/v1/stats",
        "/metrics",
      ];
      const { status } = await get(url + (paths[turn % paths.length] ?? ""));
      if (status !== 200 && status !== 404) throw new Error(`a list was answered ${status}`);
    },
  },
  {
    name: "clients that leave in the middle",
    pauseMs: 150,
    async once({ url, upstream }, turn) {
      const leaving = new AbortController();
      const answer = fetch(`${url}/v2/${upstream}/left/app/manifests/v${turn}`, { signal: leaving.signal });
      setTimeout(() => leaving.abort(), turn % 20);
      await answer.then((response) => response.body?.cancel()).catch(() => {}); // It left, as it was to.
    },
  },
  {
    name: "what is not there, and is no request",
    pauseMs: 100,
    async once({ url }, turn) {
      const paths = [
        "/v2/soak/none/manifests/x",
        "/v2/UPPER/tags/list",
        "/v2/a/blobs/sha256:zz",
        "/nobody",
        `/v2/soak/none${turn}/tags/list`,
      ];
      const { status } = await get(url + (paths[turn % paths.length] ?? ""));
      if (status < 400 || status >= 500) throw new Error(`nonsense was answered ${status}`);
    },
  },
];

/** Pulls an image and compares its bytes with their digests. */
async function pull(
  url: string,
  repository: string,
  tag: string,
  presence: "must be there" | "may be gone",
): Promise<void> {
  const manifest = await get(`${url}/v2/${repository}/manifests/${tag}`);
  if (manifest.status === 404 && presence === "may be gone") return;
  if (manifest.status !== 200)
    throw new Error(`${repository}:${tag} was answered ${manifest.status}: ${manifest.text()}`);
  const { config, layers } = JSON.parse(manifest.text()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  for (const { digest } of [config, ...layers]) {
    const blob = await get(`${url}/v2/${repository}/blobs/${digest}`);
    if (blob.status === 404 && presence === "may be gone") return;
    if (blob.status !== 200)
      throw new Error(`${digest} of ${repository}:${tag} was answered ${blob.status}: ${blob.text()}`);
    if (digestOf(blob.bytes) !== digest) throw new Error(`${digest} of ${repository}:${tag} came with other bytes`);
  }
}

async function remove(url: string, repository: string, tag: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/images/local/${repository}:${tag}`, { method: "DELETE" });
  await response.arrayBuffer();
  if (response.status !== 200 && response.status !== 404) throw new Error(`a removal was answered ${response.status}`);
}

async function get(url: string) {
  const response = await fetch(url, { headers: { accept: `${ACCEPT_MANIFESTS}, */*` } });
  const bytes = await response.bytes();
  return { status: response.status, bytes, text: () => new TextDecoder().decode(bytes) };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
