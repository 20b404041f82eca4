import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { isNotFound } from "../../lib/files/system-error.ts";
import { parseSelection, wantedOf } from "../../oci/platform-selection.ts";
import { formatSelection } from "../../oci/platform-selection.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { discoverImages, type Discovery } from "../discover-images.ts";
import { confineReading } from "../files/reading.ts";
import type { FoundImage } from "../found/found-image.ts";
import { ChartOptionError } from "../helm/chart-options.ts";
import { kubernetesImages } from "../kubernetes/kubernetes-images.ts";
import { UnknownReleaseError } from "../kubernetes/kubernetes-version.ts";
import { isBuiltLocally, neededImages } from "../needed-images.ts";
import type { DiscoveryJob, DiscoveryReport } from "./discovery-job.ts";
import { FilesRefused, putFiles, type PutFiles } from "./put-files.ts";

/** So much is told: more than any cluster has, and no more than a page can show. */
const REFERENCES = 20_000;
const PROBLEMS = 1000;
const IMAGES = 5000;

type Tell = (report: DiscoveryReport) => void;

/**
 * Does a job for a server: puts the files, looks through them and tells what is found. This process can read nothing else
 * afterwards, and changes its working folder. Never throws.
 */
export async function runDiscovery(
  job: DiscoveryJob,
  files: AsyncIterable<Uint8Array>,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  try {
    const put = await putFiles(files, job.folder, job.limits);
    if (put.files === 0 && job.kubernetes === null) throw new FilesRefused("BAD_REQUEST", "there are no files in it");
    confineReading(job.folder);
    // What is said of a file names it as it was given.
    process.chdir(job.folder);
    const discovery = await discover(job, put, signal);
    tell({ kind: "received", files: put.files, bytes: put.bytes });
    report(job, put, discovery, tell);
  } catch (error) {
    if (error instanceof FilesRefused) tell({ kind: "refused", code: error.code, message: error.message });
    else if (error instanceof ChartOptionError || error instanceof UnknownReleaseError) {
      tell({ kind: "refused", code: "BAD_REQUEST", message: error.message });
    } else tell({ kind: "failed", message: describeFailure(error) });
  }
}

async function discover(job: DiscoveryJob, put: PutFiles, signal: AbortSignal): Promise<Discovery> {
  const platforms = wantedOf(parseSelection(job.platforms));
  const found = await discoverImages(put.paths, {
    // No helm of this machine's renders what a stranger gives, and no path of its own leads anywhere.
    environment: {},
    signal,
    strict: job.strict,
    helm: {
      helm: job.helm === null ? null : job.helm === "3" ? 3 : 4,
      valuesFiles: await valuesFiles(job.folder),
      set: await linesOf(join(job.folder, ".larder/set")),
      setString: await linesOf(join(job.folder, ".larder/set-string")),
    },
    ...(platforms === null ? {} : { platforms }),
  });
  if (job.kubernetes === null) return found;
  const { version, runtime, addOns } = job.kubernetes;
  const { images, warnings } = kubernetesImages(version, { with: addOns, ...(runtime === null ? {} : { runtime }) });
  const place = { file: `Kubernetes ${version}`, line: null };
  return {
    images: [...found.images, ...images.map((reference) => releaseImage(reference, place.file))],
    problems: [...found.problems, ...warnings.map((message) => ({ ...place, severity: "note" as const, message }))],
    elsewhere: found.elsewhere,
  };
}

function releaseImage(reference: Reference, file: string): FoundImage {
  const written = formatReference(reference);
  return { reference, written, file, line: null, kind: "field", source: "kubernetes", platform: null };
}

function report(job: DiscoveryJob, put: PutFiles, { images, problems, elsewhere }: Discovery, tell: Tell): void {
  const needed = neededImages(images, parseSelection(job.platforms)).filter((image) => !isBuiltLocally(image));
  const left = [
    tellAll(images, REFERENCES, (found) => tell(referenceOf(found))),
    tellAll(put.passedOver, PROBLEMS, (file) =>
      tell({ kind: "problem", severity: "note", file, line: null, message: "it is no file, and was passed over" }),
    ),
    tellAll(problems, PROBLEMS, (problem) => tell({ ...problem, kind: "problem" })),
    tellAll(elsewhere, PROBLEMS, ({ what, file, line }) =>
      tell({
        kind: "problem",
        severity: "elsewhere",
        file,
        line,
        message: `${what} is not here: its images are not listed`,
      }),
    ),
    tellAll(needed, IMAGES, ({ reference, platforms, platform, isGuess }) => {
      const selection = formatSelection(platforms);
      const asked = selection === "all" || "prefer" in selection ? selection : [...selection];
      tell({ kind: "image", image: formatReference(reference), platforms: asked, platform, isGuess });
    }),
  ].reduce((sum, more) => sum + more, 0);
  tell({ kind: "done", left });
}

function referenceOf(found: FoundImage): DiscoveryReport {
  const { reference, written, file, line, kind, source, platform } = found;
  return {
    kind: "reference",
    image: formatReference(reference),
    written,
    file,
    line,
    certainty: kind,
    source,
    platform,
    isBuiltLocally: isBuiltLocally(found),
  };
}

/** How many were left out. */
function tellAll<T>(all: readonly T[], limit: number, tellOne: (one: T) => void): number {
  for (const one of all.slice(0, limit)) tellOne(one);
  return Math.max(0, all.length - limit);
}

async function valuesFiles(folder: string): Promise<readonly string[]> {
  const values = join(folder, ".larder/values");
  const names = await readdir(values).catch(noneIfAbsent);
  return names.sort().map((name) => join(values, name));
}

async function linesOf(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isNotFound(error)) return "";
    throw error;
  });
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}

function noneIfAbsent(error: unknown): string[] {
  if (isNotFound(error)) return [];
  throw error;
}
