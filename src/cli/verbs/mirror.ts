import { Command } from "commander";
import { kubeadmImages } from "../../discovery/kubernetes/kubeadm.ts";
import { kubernetesImages, kubernetesVersion } from "../../discovery/kubernetes/kubernetes-images.ts";
import { UnknownReleaseError } from "../../discovery/kubernetes/kubernetes-version.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { neededImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addPlatformOptions, type PlatformFlags, selectionOf } from "../platform-flags.ts";
import { preloadImages } from "../preload-images.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = PlatformFlags & {
  readonly registry?: string;
  readonly print?: true;
  readonly with?: string;
  readonly runtime?: string;
  readonly imageRepository?: string;
  readonly force?: true;
  readonly keepGoing?: true;
  readonly json?: true;
};

/** `larder mirror kubernetes VERSION`: brings what a Kubernetes release needs. */
export function mirrorCommand(io: CommandIo): Command {
  const kubernetes = new Command("kubernetes")
    .alias("k8s")
    .summary("the images that a Kubernetes release needs")
    .description(
      "Bring the images that kubeadm of a release needs: control plane, pause, etcd and CoreDNS at the right versions.\n" +
        "kubeadm itself is asked when it is on the path; else larder's own table of releases is.",
    )
    .argument("<version>", "v1.31.2, or 1.31 for its newest known patch")
    .option("--print", "only print the images")
    .option("--with <add-ons>", "add-ons too: flannel, calico, cilium, metallb, … ; NAME@VERSION; comma-separated")
    .option(
      "--runtime <name@version>",
      "the sandbox image of the nodes' runtime too: containerd@2.4, cri-o@1.34; none: not wanted",
    )
    .option("--image-repository <name>", "kubeadm's imageRepository, when it is not the default")
    .option("--force", "bring those that are there as well")
    .option("--keep-going", "go on after a failure")
    .option("--json", "the outcome as JSON");
  addPlatformOptions(kubernetes);
  addConnectionOptions(kubernetes).action((version: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const references = await imagesOf(version, flags, io);
      if (flags.print === true) return printImages(references, flags, io);
      const options = {
        force: flags.force === true,
        keepGoing: flags.keepGoing === true,
        json: flags.json === true,
      };
      const platforms = selectionOf(flags);
      const needed = references.map((reference) => ({ reference, platforms, platform: null, isGuess: false }));
      await preloadImages(await connect(flags, io), needed, options, io);
    }),
  );
  return new Command("mirror").description("Bring everything that a release needs.").addCommand(kubernetes);
}

function printImages(references: readonly Reference[], { json }: Flags, { stdout }: CommandIo): void {
  const names = references.map(formatReference);
  if (json !== true) return stdout.write(names.map((name) => `${name}\n`).join(""));
  writeJson(
    stdout,
    neededImages,
    names.map((image) => ({ image })),
  );
}

/** A node whose runtime cannot get this one image starts no pod at all. */
const WITHOUT_RUNTIME =
  "the sandbox image of the nodes' runtime was not asked for, and need not be kubeadm's pause: add --runtime containerd@2.4 or cri-o@1.34 (larder doctor on a node names the image), or --runtime none";

async function imagesOf(version: string, flags: Flags, io: CommandIo): Promise<readonly Reference[]> {
  const { environment, signal, stderr } = io;
  try {
    const repository = flags.imageRepository === undefined ? {} : { imageRepository: flags.imageRepository };
    const options = {
      ...repository,
      ...(flags.with === undefined ? {} : { with: flags.with.split(",").map((name) => name.trim()) }),
      ...(flags.runtime === undefined ? {} : { runtime: flags.runtime }),
    };
    const normal = kubernetesVersion(version);
    if (flags.runtime === undefined) stderr.write(`larder: ${WITHOUT_RUNTIME}\n`);
    const { images, warnings } = kubernetesImages(version, options);
    const asked = await kubeadmImages(normal, { environment, signal, ...repository });
    if (asked === null) {
      for (const warning of warnings) stderr.write(`larder: ${warning}\n`);
      return images;
    }
    // kubeadm knows its own images; the add-ons and the sandbox image are still the table's.
    const bare = kubernetesImages(normal, repository).images.map(formatReference);
    const more = images.filter((reference) => !bare.includes(formatReference(reference)));
    const all = new Map([...asked, ...more].map((reference) => [formatReference(reference), reference]));
    return [...all.values()];
  } catch (error) {
    if (error instanceof UnknownReleaseError) throw new CommandFailure(2, error.message, { cause: error });
    throw error;
  }
}
