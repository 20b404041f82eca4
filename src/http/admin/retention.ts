import * as v from "valibot";
import type { InputOf } from "../../admin/contract.ts";
import type { RetentionProgress, UntaggedImage, UntaggedPage } from "../../admin/retention-schemas.ts";
import { type Digest, quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type RepositoryName, tryParseNamespace } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { Judgement } from "../../registry/retention/judge-tags.ts";
import type { Retention } from "../../registry/retention/retention.ts";
import type { UntaggedEntry, UntaggedList } from "../../registry/retention/untagged-list.ts";
import type { Asker } from "../exchange.ts";
import type { LineWork } from "./line-work.ts";

/** A page of the manifests without a tag. Throws BAD_REQUEST for a namespace or a page token that is none. */
export async function listUntagged(
  survey: ImageSurvey,
  untagged: UntaggedList,
  { namespace: named, search = "", after, limit }: InputOf<"listUntagged">,
): Promise<UntaggedPage> {
  const namespace = named === undefined ? null : tryParseNamespace(named);
  if (named !== undefined && namespace === null) {
    throw new RegistryError("BAD_REQUEST", `namespace=${quoteBriefly(named)} is not a registry's host`);
  }
  const place = after === undefined ? null : parsePlace(after);
  const { entries, next } = await untagged.list({ namespace, text: search, after: place, limit });
  const images: UntaggedImage[] = [];
  for (const entry of entries) {
    if (await survey.sees(repositoryOf(entry.repository))) images.push(await describe(survey, entry));
    if (survey.hasSeenEnough && entry !== entries.at(-1)) return { images, next: formatPlace(entry) };
  }
  return { images, next: next === null ? null : formatPlace(next) };
}

async function describe(survey: ImageSurvey, entry: UntaggedEntry): Promise<UntaggedImage> {
  const { repository, digest, mediaType, kind, leftBehindAtMs, pulledAtMs, goesAtMs, heldBy } = entry;
  const sizeBytes = await survey.sizeOf(repositoryOf(repository), digest);
  const name = `${repository}@${digest}`;
  return { name, digest, mediaType, kind, sizeBytes, leftBehindAtMs, pulledAtMs, goesAtMs, heldBy };
}

/** Applies the retention rules, or tells what they would do. When the client leaves it ends, between two tags. */
export function applyRetention(
  retention: Retention,
  { dryRun, all }: InputOf<"applyRetention">,
  signal: AbortSignal,
  cause: Asker,
): LineWork<RetentionProgress> {
  const left = new AbortController();
  const ending = AbortSignal.any([signal, left.signal]);
  return {
    onLeave: () => left.abort(),
    work: async (tell) => {
      const say = (judgement: Judgement, status: TagLine["status"]) => {
        if (all || status !== "stays") tell(lineOf(judgement, status));
      };
      const { gone, stayed } = dryRun
        ? await judgeAll(retention, ending, say)
        : await retention.apply(cause, ending, say);
      const { rules, fromMs, doubt } = await retention.outlook();
      return { kind: "done", rules, gone, stayed, takesNothingBeforeMs: fromMs, doubt };
    },
  };
}

async function judgeAll(
  retention: Retention,
  signal: AbortSignal,
  say: (judgement: Judgement, status: "goes" | "stays") => void,
): Promise<{ readonly gone: number; readonly stayed: number }> {
  let [gone, stayed] = [0, 0];
  for await (const judgement of retention.judge(signal)) {
    if (judgement.goes) gone++;
    else stayed++;
    say(judgement, judgement.goes ? "goes" : "stays");
  }
  return { gone, stayed };
}

type TagLine = Extract<RetentionProgress, { kind: "tag" }>;

function lineOf({ tag, rule, why }: Judgement, status: TagLine["status"]): TagLine {
  const { repository, tag: name, digest, updatedAtMs, pulledAtMs } = tag;
  return { kind: "tag", name: `${repository}:${name}`, digest, status, rule, reason: why, updatedAtMs, pulledAtMs };
}

const place = v.strictTuple([v.string(), v.string()]);

function formatPlace({ repository, digest }: { repository: string; digest: string }): string {
  return Buffer.from(JSON.stringify([repository, digest])).toString("base64url");
}

/** One that a client made up shows nothing that the list does not. */
function parsePlace(token: string): { readonly repository: RepositoryName; readonly digest: Digest } {
  try {
    const [repository, digest] = v.parse(place, JSON.parse(Buffer.from(token, "base64url").toString()));
    return { repository: repository as RepositoryName, digest: digest as Digest };
  } catch {
    throw new RegistryError("BAD_REQUEST", "`after` is not the `next` of a page");
  }
}
