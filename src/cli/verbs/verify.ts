import { Command } from "commander";
import type * as v from "valibot";
import type { VerifyProgress } from "../../admin/image-schemas.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { tryParseDigest } from "../../oci/digest.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { verifyResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { Progress } from "../progress.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";

type Flags = { readonly registry?: string; readonly json?: true };
type Image = Extract<VerifyProgress, { kind: "image" }>;
type Rotten = Extract<VerifyProgress, { kind: "rotten" }>;
type Result = v.InferOutput<typeof verifyResult>;

/** `larder verify`: reads files of blobs and compares them with their digests. */
export function verifyCommand(io: CommandIo): Command {
  const command = new Command("verify")
    .argument("[images...]", "images, or patterns such as 'team/**:v1.*'; none: every file")
    .description(
      "Read the files of images and compare them with their digests: of these images, or of all. What is damaged is set aside, in aside/damaged/ of the data folder, and no longer served: what came from a registry is fetched again at once, what was pushed has to be pushed again. larder does that by itself, too, over time (verify.rate, verify.every). Exit status 1: something is still damaged, cannot be read, or an image is not here.",
    )
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((images: readonly string[], flags: Flags) =>
    failingPlainly(io.signal, () => verify(images, flags, io)),
  );
}

async function verify(named: readonly string[], flags: Flags, io: CommandIo): Promise<void> {
  const digest = named.find((name) => tryParseDigest(name) !== null);
  if (digest !== undefined) {
    throw new CommandFailure(2, `${digest} is a digest; images are verified: NAME:TAG, or NAME@${digest}`);
  }
  const larder = await connectLarder(flags, "verify", io);
  const progress = new Progress(io.stderr, () => performance.now());
  const [rotten, images]: [Rotten[], Image[]] = [[], []];
  let [files, bytes, isDone] = [0, 0, false];
  let failure: unknown = null;
  progress.begin("files", "reading", null);
  try {
    for await (const event of larder.lines("verify", named.length === 0 ? {} : { images: named })) {
      if (event.kind === "failed") throw new CommandFailure(1, event.message);
      if (event.kind === "progress" || event.kind === "done") [files, bytes] = [event.files, event.bytes];
      if (event.kind === "progress") progress.update("files", bytes);
      if (event.kind === "done") isDone = true;
      if (event.kind === "rotten") rotten.push(event);
      if (event.kind === "image") images.push(event);
    }
    if (!isDone) throw new CommandFailure(1, "larder ended before all files were read");
  } catch (error) {
    failure = error;
  } finally {
    progress.close();
  }
  const isBad = rotten.some(({ isHealed }) => !isHealed) || images.some(isWrong);
  const status = failure !== null ? "interrupted" : isBad ? "damaged" : "whole";
  const reason = failure instanceof Error ? failure.message : null;
  const result: Result = { status, reason, files, bytes, damaged: rotten.map(said), images: images.map(withoutKind) };
  if (flags.json === true) writeJson(io.stdout, verifyResult, result);
  else io.stdout.write(format(rotten, images, named));
  if (failure !== null) throw failure;
  io.stderr.write(`${files} files read, ${formatBytes(bytes)}\n`);
  if (named.some((text) => text.includes("*")) && images.length === 0) {
    throw new CommandFailure(1, "no image matches");
  }
  if (isBad) throw new CommandFailure(1, "");
}

function isWrong({ status }: Image): boolean {
  return status === "damaged" || status === "absent";
}

function said({ digest, rot, reason, isHealed, why, images }: Rotten): Result["damaged"][number] {
  return { digest, status: isHealed ? "healed" : rot, reason, advice: why, images: [...images] };
}

function withoutKind({ image, status, problems }: Image): Result["images"][number] {
  return { image, status, problems: [...problems] };
}

/** Each blob that was not right; then, where all were read, the images that they leave incomplete, or else each image. */
function format(rotten: readonly Rotten[], images: readonly Image[], named: readonly string[]): string {
  const blobs = rotten.map(
    ({ digest, rot, reason, isHealed, why }) =>
      `${digest}\t${rot}: ${reason}; ${isHealed ? "fetched again" : (why ?? "")}`,
  );
  if (named.length > 0) {
    const lines = images.flatMap(({ image, status, problems }) => [
      `${image}\t${STATUS[status]}`,
      ...problems.map((problem) => `  ${problem}`),
    ]);
    return [...blobs, ...lines].map((line) => `${line}\n`).join("");
  }
  const broken = Map.groupBy(
    rotten
      .filter(({ isHealed }) => !isHealed)
      .flatMap(({ digest, images: needing }) => needing.map((image) => ({ image, digest }))),
    ({ image }) => image,
  );
  const lines = [...broken].map(
    ([image, parts]) => `  ${image}\t${parts.length === 1 ? "a blob" : `${parts.length} blobs`}`,
  );
  if (lines.length > 0) lines.unshift("images that lack what is damaged:");
  return [...blobs, ...lines].map((line) => `${line}\n`).join("");
}

const STATUS: Readonly<Record<Image["status"], string>> = {
  whole: "whole",
  partial: "right as far as it is here; a pull fetches the rest",
  damaged: "damaged",
  absent: "not here",
};
