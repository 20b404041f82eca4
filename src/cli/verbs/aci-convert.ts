import { mkdir } from "node:fs/promises";
import { Command, Option } from "commander";
import type { ImageSource } from "../../images/image-source.ts";
import { registrySource } from "../../images/registry/registry-source.ts";
import { hostPlatform, tryParsePlatform } from "../../oci/platform.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import { LOCAL, looksLikeHost, parseRepositoryPath, tryParseNamespace } from "../../oci/repository-name.ts";
import type { PlatformSelection } from "../../oci/platform-selection.ts";
import { hostSelection } from "../platform-flags.ts";
import { aciImageOf } from "../aci-image.ts";
import { nameAci } from "../aci-naming.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { connectRegistry } from "../../remote/connect-registry.ts";
import { addRegistryOptions, registrySideOf } from "../copy-flags.ts";
import { failingOnAci } from "../failing-on-aci.ts";
import { writtenAcis } from "../json/file-results.ts";
import { writeJson } from "../json/write-json.ts";
import { openSource } from "../open-location.ts";
import { findRegistry } from "../../remote/find-registry.ts";
import { targetAt } from "../../remote/registry-side.ts";
import { explaining, readSource } from "../read-location.ts";
import { standardStreams } from "../standard-streams.ts";
import { isOne } from "../insist-on-one.ts";
import { acisOf, writeAcis } from "../write-acis.ts";

type ConvertFlags = {
  readonly registry?: string;
  readonly os?: string;
  readonly arch?: string;
  readonly out: string;
  readonly compression: "gzip" | "none";
  readonly squash: boolean;
  readonly name?: string;
  readonly json?: boolean;
};

type WrittenAcis = ReturnType<typeof acisOf>;

/** `larder aci convert`: images from anywhere into ACI files. */
export function aciConvertCommand(io: CommandIo): Command {
  const command = new Command("convert")
    .summary("make ACI files of an image")
    .description(
      "Make ACI files. The source is the NAME of an image that larder holds or fetches, or docker://NAME, docker-daemon:NAME,\n" +
        "docker-archive:FILE[:NAME], oci:DIR[:TAG], oci-archive:FILE[:TAG], dir:DIR, or the path of an archive, a layout or\n" +
        "a directory: app.tar, ./folder. An archive's images are converted all. Files are named like docker2aci's: quay.io/coreos/flannel:0.5.5 as coreos-flannel-0.5.5.aci.",
    )
    .argument("<image|file>", "the source")
    .option("--registry <address>", "for a NAME: larder ($LARDER_REGISTRY, $LOCAL_REGISTRY, else this machine's)")
    .option("--os <os>", "of an image for several platforms the one for this system")
    .option("--arch <arch>", "of an image for several platforms the one for this processor: arm64, arm/v7")
    .option("--out <dir>", "where the files go", ".")
    .addOption(new Option("--compression <how>", "of the files").choices(["gzip", "none"]).default("gzip"))
    .option("--no-squash", "one ACI for each layer, each depending on the one below")
    .option("--name <name>", "the ACI's name, instead of the image's own: HOST/PATH")
    .option("--json", "the result as JSON");
  addRegistryOptions(command, "", "the source's registry");
  return command.action((source: string, flags: ConvertFlags) =>
    failingOnAci(io.signal, async () => {
      const written = await convert(source, flags, io);
      if (flags.json === true) writeJson(io.stdout, writtenAcis, written);
      else io.stdout.write(written.map(({ file }) => `${file}\n`).join(""));
    }),
  );
}

async function convert(text: string, flags: ConvertFlags, io: CommandIo): Promise<WrittenAcis> {
  const { environment, signal } = io;
  const reading = await readSource(text, "registry");
  const { location } = reading;
  const selection = platformOf(flags);
  await mkdir(flags.out, { recursive: true });
  // A registry with a port in its name, as larder's own address has, has no place in larder's paths.
  const isHeld = location.kind === "registry" && !/^docker:\/\/|^[^/]*:\d+\//.test(text);
  const source = isHeld
    ? await openHeldImage(text, location.reference, flags, io)
    : await explaining(reading, () =>
        openSource(location, registrySideOf(flags, ""), { environment, signal, ...standardStreams }),
      );
  try {
    const written: WrittenAcis = [];
    const held = await explaining(reading, () => source.images());
    if (flags.name !== undefined && !isOne(held)) {
      throw new CommandFailure(2, `${source.location} holds ${held.length} images; --name can name only one of them`);
    }
    const images = flags.name === undefined ? held : held.slice(0, 1);
    for (const image of images) {
      const naming = nameAci(location, image, flags.name ?? null);
      const found = await aciImageOf(source, image, selection, signal);
      const options = { compression: flags.compression, isSquashed: flags.squash, folder: flags.out };
      const acis = await writeAcis(found, { naming, isFar: location.kind === "registry", ...options }, io);
      written.push(...acisOf(acis));
    }
    return written;
  } finally {
    await source.close();
  }
}

/** An image of larder's: a name with a host is a path below larder's own address. */
async function openHeldImage(
  text: string,
  reference: Reference,
  flags: ConvertFlags,
  io: CommandIo,
): Promise<ImageSource> {
  const { environment, signal } = io;
  const address = await findRegistry(flags.registry, io);
  const namespace = tryParseNamespace(address.host);
  if (namespace === null) throw new CommandFailure(2, `${address.host} cannot be a registry's name`);
  const target = await targetAt(namespace, address, registrySideOf(flags, ""), environment);
  const hasHost = looksLikeHost(text.split("/", 1)[0] ?? "") && text.includes("/");
  // Without a host the path is as it was written: `library/` belongs to Docker Hub's name of it.
  const path = hasHost
    ? parseRepositoryPath(`${reference.namespace}/${reference.path}`)
    : parseReference(text, LOCAL).path;
  return registrySource(await connectRegistry(target, signal), { ...reference, namespace, path }, signal);
}

function platformOf({ os, arch }: ConvertFlags): PlatformSelection {
  const host = hostPlatform();
  if (os === undefined && arch === undefined) return hostSelection();
  const platform = tryParsePlatform(`${os ?? host.os}/${arch ?? host.architecture}`);
  if (platform === null) throw new CommandFailure(2, `--os ${os ?? host.os} --arch ${arch ?? ""} is not a platform`);
  return { kind: "only", platforms: [platform] };
}
