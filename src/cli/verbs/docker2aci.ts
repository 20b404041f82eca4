import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Command, Option } from "commander";
import { toIdentifier } from "../../aci/aci-name.ts";
import { parseImageConfig } from "../../aci/convert/image-config.ts";
import type { ImageSource, SourceImage } from "../../images/image-source.ts";
import type { SourceLocation } from "../../images/location.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { type FoundAciImage, aciImageOf } from "../aci-image.ts";
import { type AciNaming, nameAci } from "../aci-naming.ts";
import { chooseOfArchive } from "../choose-of-archive.ts";
import { failingOnAci } from "../failing-on-aci.ts";
import { writtenAcis } from "../json/file-results.ts";
import { writeJson } from "../json/write-json.ts";
import { openFromLarder } from "../open-from-larder.ts";
import { openSource } from "../open-location.ts";
import { hostSelection } from "../platform-flags.ts";
import { explaining, readSource, type SourceReading } from "../read-location.ts";
import { standardStreams } from "../standard-streams.ts";
import { acisOf, type WrittenAci, writeAcis } from "../write-acis.ts";

/** The last one that was made, and the ACIs of larder. */
const VERSIONS = { docker2aci: "0.17.2", appc: "0.8.11" };

type Docker2aciFlags = {
  readonly nosquash?: boolean;
  readonly image?: string;
  readonly compression: string;
  readonly insecureSkipVerify?: boolean;
  readonly insecureAllowHttp?: boolean;
  readonly registry?: string;
  readonly json?: true;
};

/**
 * `docker2aci`: what the program of that name does, with its flags, its files' names and its words, for scripts that call it.
 * Source: docker2aci 0.17.2, main.go. An image of a registry is asked of larder first.
 */
export function docker2aciCommand(io: CommandIo): Command {
  return new Command("docker2aci")
    .summary("convert as docker2aci does")
    .usage("[-nosquash] [-compression=(gzip|none)] [-image=NAME[:TAG]] FILE | docker://[REGISTRY/]NAME[:TAG]")
    .description(
      "Make an ACI, as the program docker2aci does: of an image in a file that docker save wrote, or of one in a registry, as larder has it or else the registry itself. The file is written here: coreos-flannel-0.5.5.aci.",
    )
    .argument("<image>", "FILE, or docker://[REGISTRY/]NAME[:TAG]")
    .option("--nosquash", "one ACI for each layer")
    .option("--image <name>", "of a file that holds several images this one: NAME[:TAG]")
    .option("--compression <how>", "gzip or none", "gzip")
    .option("--insecure-skip-verify", "take any certificate of a registry")
    .option("--insecure-allow-http", "ask a registry without TLS when it has none")
    .option("--registry <address>", "larder ($LARDER_REGISTRY, $LOCAL_REGISTRY, else this machine's)")
    .option("--json", "the result as JSON")
    .addOption(new Option("--debug", "for scripts that give it").hideHelp())
    .addOption(new Option("--experimental-oci", "for scripts that give it: OCI images are taken anyway").hideHelp())
    .version(
      `docker2aci version ${VERSIONS.docker2aci}\nappc version ${VERSIONS.appc}`,
      "--version",
      "which docker2aci it is like",
    )
    .action((text: string, flags: Docker2aciFlags) =>
      failingOnAci(io.signal, async () => {
        const { compression } = flags;
        // As that program says it: its wrong words end with 1, its wrong flags with 2.
        if (compression !== "gzip" && compression !== "none") {
          throw new CommandFailure(1, `unknown compression method: ${compression}; write gzip or none`);
        }
        const written = await convert(text, compression, flags, io);
        if (flags.json === true) writeJson(io.stdout, writtenAcis, acisOf(written));
        else io.stdout.write(describe(written));
      }),
    );
}

async function convert(
  text: string,
  compression: "gzip" | "none",
  flags: Docker2aciFlags,
  io: CommandIo,
): Promise<readonly WrittenAci[]> {
  const reading = await readSource(await asPath(text), "registry");
  const { location } = reading;
  const isFar = location.kind === "registry";
  if (isFar && flags.image !== undefined) throw new CommandFailure(1, "--image works only with files");
  const source = await open(reading, flags, io);
  try {
    const images = await explaining(reading, () => source.images());
    const image = chooseOfArchive(images, flags.image ?? null, source.location);
    const found = await aciImageOf(source, image, hostSelection(), io.signal);
    const naming = nameOf(location, image);
    const layerFileName = layerNames(found, naming);
    const isSquashed = flags.nosquash !== true;
    return await writeAcis(found, { naming, isFar, compression, isSquashed, folder: ".", layerFileName }, io);
  } finally {
    await source.close();
  }
}

/** To docker2aci, what is no URL is a file: one that is there goes before an image of that name. */
async function asPath(text: string): Promise<string> {
  if (/^(?:[./]|[a-zA-Z][a-zA-Z-]*:)/.test(text)) return text;
  const isThere = await stat(text).then(
    () => true,
    () => false, // Whatever the reason, it cannot be read as a file.
  );
  return isThere ? `./${text}` : text;
}

async function open(reading: SourceReading, flags: Docker2aciFlags, io: CommandIo): Promise<ImageSource> {
  const { location } = reading;
  const { environment, signal } = io;
  if (location.kind === "registry") {
    const held = await openFromLarder(location.reference, flags.registry, io);
    if (held !== null) return held;
  }
  const side = {
    plainHttp: false,
    caFile: null,
    credentials: null,
    allowHttp: flags.insecureAllowHttp === true,
    isUnverified: flags.insecureSkipVerify === true,
  };
  return explaining(reading, () => openSource(location, side, { environment, signal, ...standardStreams }));
}

/** An image without a name in its archive gets that of the file, as docker2aci does for layouts. */
function nameOf(location: SourceLocation, image: SourceImage): AciNaming {
  const isNameless = image.name === null || !/[/:]/.test(image.name);
  if (!isNameless || !("path" in location)) return nameAci(location, image, null);
  const [stem = ""] = basename(location.path).replace(/^\.+/, "").split(".");
  // `-`, standard input, says nothing.
  const name = /[a-z0-9]/i.test(stem) ? toIdentifier(stem) : "image";
  return nameAci(location, image, name);
}

/** `coreos-etcd-HEX-latest-linux-amd64-0.aci` for the topmost layer, HEX being the digest's. */
function layerNames(
  { config, layerDigests }: FoundAciImage,
  { fileName, origin }: AciNaming,
): (layer: number) => string {
  const { os, architecture } = parseImageConfig(config);
  const stem = fileName.replace(/\.aci$/, "");
  const tag = origin.version === null ? "" : `-${origin.version}`;
  const name = stem.slice(0, stem.length - tag.length);
  return (layer) => {
    const hex = layerDigests[layer]?.replace(/^.*:/, "") ?? "";
    return `${name}-${hex}${tag}-${os}-${architecture}-${layerDigests.length - 1 - layer}.aci`;
  };
}

function describe(written: readonly WrittenAci[]): string {
  const app = written.at(-1)?.manifest.app;
  const volumes = (app?.mountPoints ?? []).map(
    ({ name, path }) => `\tname: "${name}", path: ${JSON.stringify(path)}, readOnly: false\n`,
  );
  const ports = (app?.ports ?? []).map(
    ({ name, protocol, port, count, socketActivated }) =>
      `\tname: "${name}", protocol: "${protocol}", port: ${port}, count: ${count}, socketActivated: ${socketActivated}\n`,
  );
  const section = (heading: string, lines: readonly string[]) =>
    lines.length === 0 ? "" : `\n${heading}:\n${lines.join("")}`;
  const files = written.map(({ file }) => `${file}\n`);
  return section("Converted volumes", volumes) + section("Converted ports", ports) + section("Generated ACI(s)", files);
}
