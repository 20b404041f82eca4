import { Command } from "commander";
import type { SourceImage } from "../../images/image-source.ts";
import type { SourceLocation } from "../../images/location.ts";
import { registrySink } from "../../images/registry/registry-sink.ts";
import { looksLikeHost, type Namespace, parseRepositoryPath, type RepositoryPath } from "../../oci/repository-name.ts";
import type { RegistryClient } from "../../upstream/registry-client.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { copyAll } from "../copy-all.ts";
import {
  addCopyOptions,
  addRegistryOptions,
  compressingOf,
  type CopyFlags,
  jobsOf,
  registrySideOf,
} from "../copy-flags.ts";
import { ALL_PLATFORMS } from "../../oci/platform-selection.ts";
import { selectionOf } from "../platform-flags.ts";
import { CopyReport } from "../copy-report.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { openSource } from "../open-location.ts";
import { addAddressOption, connectToPush } from "../registry-connection.ts";
import { explaining, readSource, type SourceReading } from "../read-location.ts";
import { standardStreams } from "../standard-streams.ts";
import { parseReference } from "../../oci/reference.ts";
import { parseTag, type Tag } from "../../oci/tag.ts";
import { isOne } from "../insist-on-one.ts";

type UploadFlags = CopyFlags & { readonly registry?: string; readonly includeHost?: boolean; readonly as?: string };

/** `larder upload`: images of this machine's, from files or other registries, into the registry. */
export function uploadCommand(io: CommandIo): Command {
  const command = new Command("upload")
    .description(
      "Push images into the registry. SOURCE is a name of Docker's or Podman's own images, or docker-archive:FILE[:NAME],\n" +
        "oci:DIR[:TAG], oci-archive:FILE[:TAG], dir:DIR, docker://NAME, or the path of an archive, a layout or a directory:\n" +
        "app.tar, ./folder, '-' for standard input. An archive's images go all, under their names.\n" +
        "An image goes under its name without the host: quay.io/coreos/etcd:v3 as REGISTRY/coreos/etcd:v3.",
    )
    .argument("<source...>", "the images")
    .option("--include-host", "keep the host in the name: REGISTRY/quay.io/coreos/etcd:v3")
    .option("--as <name>", "put the one image under this name");
  addAddressOption(command);
  addCopyOptions(command);
  addRegistryOptions(command, "", "the registry");
  addRegistryOptions(command, "src-", "the source's registry");
  return command.action((sources: string[], flags: UploadFlags) =>
    failingPlainly(io.signal, () => uploadAll(sources, flags, io)),
  );
}

type Destination = { readonly namespace: Namespace; readonly client: RegistryClient };

async function uploadAll(texts: readonly string[], flags: UploadFlags, io: CommandIo): Promise<void> {
  // A bare name means the container engine, as in `docker push`.
  const readings = await Promise.all(texts.map((text) => readSource(text, "daemon")));
  if (flags.as !== undefined && (texts.length > 1 || flags.includeHost === true)) {
    throw new CommandFailure(2, "--as names one image in full; it goes with one SOURCE, and without --include-host");
  }
  const explicit = flags.as === undefined ? null : parseAs(flags.as);
  const destination = await connectToPush(flags, io);
  const report = new CopyReport(io.stderr);
  for (const reading of readings) await upload(reading, explicit, destination, flags, report, io);
  report.write(io.stdout, flags.json === true);
}

async function upload(
  reading: SourceReading,
  explicit: UploadName | null,
  { namespace, client }: Destination,
  flags: UploadFlags,
  report: CopyReport,
  io: CommandIo,
): Promise<void> {
  const { signal, environment } = io;
  const { location } = reading;
  const platforms = selectionOf(flags, ALL_PLATFORMS);
  const compress = compressingOf(flags, environment);
  const options = { platforms, jobs: jobsOf(flags), referrers: flags.referrers === true, signal, compress };
  const context = { environment, signal, ...standardStreams };
  const source = await explaining(reading, () => openSource(location, registrySideOf(flags, "src"), context));
  try {
    const held = await explaining(reading, () => source.images());
    if (explicit !== null && !isOne(held)) {
      throw new CommandFailure(2, `${source.location} holds ${held.length} images; --as can name only one of them`);
    }
    const images = explicit === null ? held : held.slice(0, 1);
    const named = images.map((image) => ({ image, name: explicit ?? nameFor(image, source.location, flags) }));
    let near = mountFrom(location, namespace);
    for (const { image, name } of named) {
      const reference = { namespace, ...name, digest: null };
      const sink = registrySink(client, reference, near === name.path ? null : near, signal);
      await copyAll(source, [image], sink, options, report);
      near ??= name.path;
    }
  } finally {
    await source.close();
  }
}

function parseAs(text: string): UploadName {
  return readArgument(() => parseExplicitName(text));
}

function nameFor({ name }: SourceImage, source: string, flags: UploadFlags): UploadName {
  if (name === null || !/[/:]/.test(name)) {
    const what = name === null ? "has no name" : `has no name, only the tag ${name}`;
    throw new CommandFailure(2, `the image in ${source} ${what}; give it one with --as NAME`);
  }
  return readArgument(() => uploadName(name, flags.includeHost === true));
}

/** The repository of this registry that shares blobs with what is uploaded: the source; later, the image before. */
function mountFrom(location: SourceLocation, namespace: Namespace): RepositoryPath | null {
  return location.kind === "registry" && location.reference.namespace === namespace ? location.reference.path : null;
}

/** Where in the registry an image is put. */
type UploadName = { readonly path: RepositoryPath; readonly tag: Tag };

/**
 * The place for an image called `name`: its name without its host (`quay.io/coreos/etcd:v3` goes to `coreos/etcd:v3`,
 * `app` to `app:latest`), or with it (`quay.io/coreos/etcd:v3`, `docker.io/library/app:latest`).
 * Throws NAME_INVALID or TAG_INVALID.
 */
export function uploadName(name: string, includeHost: boolean): UploadName {
  const reference = parseReference(name);
  const tag = reference.tag ?? parseTag("latest");
  if (includeHost) return { path: parseRepositoryPath(`${reference.namespace}/${reference.path}`), tag };
  const slash = name.indexOf("/");
  if (slash >= 0 && looksLikeHost(name.slice(0, slash))) return { path: reference.path, tag };
  // As it was written: `library/` belongs to Docker Hub's name of it.
  const { path } = parseExplicitName(name);
  return { path, tag };
}

/** Reads `PATH[:TAG]`, as `--as` has it: a path below the registry, which may begin with a host. */
export function parseExplicitName(text: string): UploadName {
  const withoutDigest = text.split("@")[0] ?? text;
  const colon = withoutDigest.lastIndexOf(":");
  const hasTag = colon > withoutDigest.lastIndexOf("/");
  return {
    path: parseRepositoryPath(hasTag ? withoutDigest.slice(0, colon) : withoutDigest),
    tag: parseTag(hasTag ? withoutDigest.slice(colon + 1) : "latest"),
  };
}
