import { Command } from "commander";
import { type Location, type SourceLocation, STANDARD_STREAM } from "../../images/location.ts";
import type { RepositoryPath } from "../../oci/repository-name.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { insistOnOne } from "../insist-on-one.ts";
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
import { hostSelection, selectionOf } from "../platform-flags.ts";
import { CopyReport } from "../copy-report.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { openSink, openSource } from "../open-location.ts";
import { explaining, readDestination, readSource } from "../read-location.ts";
import { standardStreams } from "../standard-streams.ts";

/** `larder copy`: an image from any place to any other. */
export function copyCommand(io: CommandIo): Command {
  const command = new Command("copy")
    .description(
      "Copy an image byte for byte from any place to any other:\n" +
        "  docker://NAME or NAME         a registry\n" +
        "  docker-daemon:NAME            Docker's or Podman's own images (DOCKER_HOST says where)\n" +
        "  containers-storage:NAME       Podman's and CRI-O's images, by podman or skopeo on this machine\n" +
        "  docker-archive:FILE[:NAME]    what 'docker save' writes\n" +
        "  oci:DIR[:TAG]                 an OCI image layout\n" +
        "  oci-archive:FILE[:TAG]        an OCI image layout in a tar\n" +
        "  dir:DIR                       a directory of skopeo's\n" +
        "The path of an archive, a layout or a directory will do for the source: app.tar, ./folder.\n" +
        "Archives may be compressed (gzip, zstd, xz, bzip2); FILE may be '-'. Without --platform the image is kept as it is;\n" +
        "into an engine or docker-archive: goes this machine's platform.",
    )
    .argument("<source>", "where the image is")
    .argument("<dest>", "where it is to go");
  addCopyOptions(command);
  addRegistryOptions(command, "src-", "the source's registry");
  addRegistryOptions(command, "dest-", "the destination's registry");
  return command.action((from: string, to: string, flags: CopyFlags) =>
    failingPlainly(io.signal, () => copy(from, to, flags, io)),
  );
}

async function copy(from: string, to: string, flags: CopyFlags, io: CommandIo): Promise<void> {
  const [reading, dest] = [await readSource(from, "registry"), await readDestination(to)];
  const source = reading.location;
  const isEngine = dest.kind === "daemon" || dest.kind === "storage" || dest.kind === "docker-archive";
  const options = {
    platforms: selectionOf(flags, isEngine ? hostSelection() : ALL_PLATFORMS),
    jobs: jobsOf(flags),
    referrers: flags.referrers === true,
    signal: io.signal,
    compress: compressingOf(flags, io.environment),
  };
  const context = { environment: io.environment, signal: io.signal, ...standardStreams };
  const report = new CopyReport(io.stderr);
  const opened = await explaining(reading, () => openSource(source, registrySideOf(flags, "src"), context));
  try {
    const held = await explaining(reading, () => opened.images());
    // Several images fit only where each can keep its own name.
    const images = "label" in dest && dest.label === null ? held : [insistOnOne(held, from)];
    const sink = await openSink(dest, registrySideOf(flags, "dest"), mountFrom(source, dest), context);
    await copyAll(opened, images, sink, options, report);
  } finally {
    await opened.close();
  }
  const isStdoutTaken = "path" in dest && dest.path === STANDARD_STREAM;
  report.write(isStdoutTaken ? io.stderr : io.stdout, flags.json === true);
}

function mountFrom(source: SourceLocation, dest: Location): RepositoryPath | null {
  if (source.kind !== "registry" || dest.kind !== "registry") return null;
  const isSame = source.reference.namespace === dest.reference.namespace;
  return isSame && source.reference.path !== dest.reference.path ? source.reference.path : null;
}
