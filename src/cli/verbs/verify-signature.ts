import { Command } from "commander";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { parseImageName, parseImageNames } from "../../registry/names/image-name.ts";
import type { Authority } from "../../signatures/signature.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { signatureResults } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectAsAny, connectLarder } from "../registry-connection.ts";

type Flags = {
  readonly registry?: string;
  readonly json?: true;
  readonly key?: readonly string[];
  readonly trustedRoot?: string;
  readonly issuer?: string;
  readonly identity?: readonly string[];
  readonly trustStore?: readonly string[];
};

/** What was found of one image. `status` as `signatureResults` has it. */
type Result = {
  readonly image: string;
  readonly digest: string;
  readonly status: "signed" | "unsigned" | "not required";
  readonly by: string | null;
  readonly reason: string | null;
};

/** `larder verify-signature IMAGE…`: exit status 0 when all have the signatures that are asked for, 1 when not. */
export function verifySignatureCommand(io: CommandIo): Command {
  const command = new Command("verify-signature")
    .description(
      "Exit with 0 when the images have the signatures that larder's rules require (require in larder.yaml), with 1 when not.\n" +
        "With --key, --trusted-root or --trust-store, at larder or any other registry: when one of these people has signed\n" +
        "them. Nothing but the registry is asked. docker://NAME is an image of the registry that its name says.",
    )
    .argument("<image...>", "nginx:1.27, quay.io/acme/app@sha256:…, docker://quay.io/acme/app:1")
    .option("--key <file>", "a public key of cosign's; several: any of them", collect)
    .option("--trusted-root <file>", "a trusted_root.json of sigstore's, for signatures without keys")
    .option("--issuer <url>", "with --trusted-root: who vouches for the signer; stars stand for anything")
    .option("--identity <text>", "with --trusted-root: who signs; with --trust-store: x509.subject: …, or *", collect)
    .option("--trust-store <file>", "certificates of authorities, for signatures of notation's", collect)
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const authorities = await authoritiesOf(flags);
      const results: Result[] = [];
      for (const image of images) {
        const isFar = image.startsWith("docker://");
        const reference = readArgument(() => parseImageName(isFar ? image.slice("docker://".length) : image));
        if (authorities.length === 0 && isFar)
          throw new CommandFailure(2, "say whose signature: --key, --trusted-root or --trust-store");
        results.push(
          authorities.length === 0
            ? await askLarder(image, flags, io)
            : await lookAt(reference, isFar, authorities, flags, io),
        );
      }
      if (flags.json === true) writeJson(io.stdout, signatureResults, results);
      else for (const result of results) io.stdout.write(`${sentenceOf(result)}\n`);
      if (results.some(({ status }) => status === "unsigned")) throw new CommandFailure(1, "");
    }),
  );
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** What larder's own rules say. */
async function askLarder(image: string, flags: Flags, io: CommandIo): Promise<Result> {
  const larder = await connectLarder(flags, "verify-signature without --key, --trusted-root or --trust-store", io);
  const { unqualified } = await larder.call("getVersion", {});
  // It looks for the first of what a name may mean wherever the others lead.
  const [meant] = parseImageNames(
    image,
    unqualified.map((namespace) => namespace as Namespace),
  );
  const asked = formatReference(meant);
  const { name, digest, rules } = await larder.call("checkSignatures", { image: asked });
  const lacking = rules.map(({ why }) => why).filter((why) => why !== null);
  const status = rules.length === 0 ? "not required" : lacking.length === 0 ? "signed" : "unsigned";
  return { image: name, digest, status, by: null, reason: lacking.length === 0 ? null : lacking.join("; ") };
}

/** What is at a registry, by the people that the flags name. */
async function lookAt(
  reference: Reference,
  isFar: boolean,
  authorities: readonly Authority[],
  flags: Flags,
  io: CommandIo,
): Promise<Result> {
  const { RemoteSignatures } = await import("../../remote/remote-signatures.ts");
  const { verifyImage } = await import("../../signatures/verify-image.ts");
  const { Turns } = await import("../../lib/async/turns.ts");
  const { client, paths } = await connectAsAny(flags, isFar ? reference.namespace : null, reference, io);
  const image = formatReference(reference);
  const found = await RemoteSignatures.find(client, paths, reference, io.signal);
  if (found === null) throw new CommandFailure(1, `${image} is not at ${client.namespace}`);
  const verdict = await verifyImage(found.image, authorities, found.source, new Turns().begin(io.signal), Date.now());
  const { digest } = found.image;
  return verdict.isSigned
    ? { image, digest, status: "signed", by: verdict.by, reason: null }
    : { image, digest, status: "unsigned", by: null, reason: `it ${verdict.why}` };
}

function sentenceOf({ image, digest, status, by, reason }: Result): string {
  if (status === "not required") return `${image} (${digest}): no rule asks for a signature`;
  if (status === "unsigned") return `${image} (${digest}): NOT signed: ${reason}`;
  return `${image} (${digest}): signed${by === null ? ", as larder's rules require" : ` by ${by}`}`;
}

/** Whose signatures count, as the flags say it; none: larder's rules are asked. Throws a CommandFailure for wrong usage. */
async function authoritiesOf(flags: Flags): Promise<readonly Authority[]> {
  const { key = [], trustedRoot, issuer, identity = [], trustStore = [] } = flags;
  const isUsed = trustedRoot !== undefined || trustStore.length > 0;
  if (trustedRoot !== undefined && (issuer === undefined || identity.length === 0)) {
    throw new CommandFailure(2, "--trusted-root needs --issuer and --identity: whose signatures count");
  }
  if (trustStore.length > 0 && identity.length === 0) {
    throw new CommandFailure(2, `--trust-store needs --identity: "x509.subject: O=acme", or "*" for everybody`);
  }
  if (!isUsed && (issuer !== undefined || identity.length > 0)) {
    throw new CommandFailure(2, "--issuer and --identity go with --trusted-root or --trust-store");
  }
  const { openAuthorities } = await import("../../server/open-signature-rules.ts");
  try {
    return await openAuthorities({
      cosignKeys: key,
      sigstore: trustedRoot === undefined ? null : { trustedRoot, issuer: issuer ?? "", identities: identity },
      notation: trustStore.length === 0 ? null : { trustStore, identities: identity },
    });
  } catch (error) {
    throw new CommandFailure(2, describeFailure(error), { cause: error });
  }
}
