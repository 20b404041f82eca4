import { Command } from "commander";
import { quoteBriefly } from "../../oci/digest.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { tryParseStandIn } from "../../registry/names/stand-ins.ts";
import { fixedCredentials } from "../../upstream/auth/credentials.ts";
import { credentialFiles } from "../../upstream/auth/docker-config.ts";
import { eraseCredentials, storeCredentials } from "../../upstream/auth/store-credentials.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { connectRegistry } from "../../remote/connect-registry.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { credentialsResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { targetOfName } from "../../remote/registry-side.ts";

type Flags = {
  readonly username?: string;
  readonly passwordStdin?: true;
  readonly password?: string;
  readonly file?: string;
  readonly plainHttp?: true;
  readonly ca?: string;
  readonly check: boolean;
  readonly json?: true;
};

/** `larder login HOST`: keeps credentials for a registry where larder, Docker and Podman find them. */
export function loginCommand(io: CommandIo): Command {
  return new Command("login")
    .description(
      "Keep credentials for a registry, for `larder serve` on this machine and for copies from here. They go where the\n" +
        "Docker config says: into its credential helper, or into the file itself (mode 0600).",
    )
    .argument("[host]", "the registry", "docker.io")
    .option("-u, --username <name>", "the user")
    .option("-p, --password <password>", "the password; better: --password-stdin")
    .option("--password-stdin", "read the password from standard input")
    .option("--file <config.json>", "the file to keep them in (default Docker's, or $REGISTRY_AUTH_FILE)")
    .option("--plain-http", "reach the registry without TLS")
    .option("--ca <file>", "trust these certificate authorities (PEM) at the registry")
    .option("--no-check", "do not try the credentials at the registry")
    .option("--json", "as JSON")
    .action((host: string, flags: Flags) => failingPlainly(io.signal, () => login(host, flags, io)));
}

/** `larder logout HOST`: forgets them. */
export function logoutCommand(io: CommandIo): Command {
  return new Command("logout")
    .description("Forget the credentials for an upstream registry.")
    .argument("[host]", "the registry", "docker.io")
    .option("--file <config.json>", "the file that they are kept in")
    .option("--json", "as JSON")
    .action((host: string, flags: Flags) =>
      failingPlainly(io.signal, async () => {
        const [file, registry] = [fileOf(flags, io), namespaceOf(host)];
        const erased = await eraseCredentials(file, registry, io.environment);
        if (!erased) throw new CommandFailure(1, `there are no credentials for ${host}`);
        io.stderr.write(`the credentials for ${host} are forgotten\n`);
        if (flags.json === true) writeJson(io.stdout, credentialsResult, { registry, status: "forgotten", file });
      }),
    );
}

async function login(host: string, flags: Flags, io: CommandIo): Promise<void> {
  const namespace = namespaceOf(host);
  const username = flags.username;
  if (username === undefined) throw new CommandFailure(2, "login needs --username, and --password-stdin or --password");
  const password = flags.passwordStdin === true ? (await Bun.stdin.text()).replace(/\r?\n$/, "") : flags.password;
  if (password === undefined || password === "") {
    throw new CommandFailure(2, "login needs a password: echo … | larder login --username NAME --password-stdin HOST");
  }
  if (flags.check) await tryOut(namespace, username, password, flags, io);
  const kept = await storeCredentials(
    fileOf(flags, io),
    namespace,
    { kind: "password", username, password },
    io.environment,
  );
  io.stderr.write(`the credentials for ${namespace} are kept in ${kept}\n`);
  if (flags.json === true) writeJson(io.stdout, credentialsResult, { registry: namespace, status: "kept", file: kept });
}

/** Wrong credentials are better refused now than at the first pull. */
async function tryOut(
  namespace: Namespace,
  username: string,
  password: string,
  flags: Flags,
  io: CommandIo,
): Promise<void> {
  const side = { plainHttp: flags.plainHttp === true, caFile: flags.ca ?? null, credentials: null };
  const target = await targetOfName(namespace, side, io.environment);
  const client = await connectRegistry(
    { ...target, credentials: fixedCredentials(namespace, username, password) },
    io.signal,
  );
  await client.ping({ signal: io.signal });
}

function namespaceOf(host: string): Namespace {
  const namespace = tryParseStandIn(host.replace(/^https?:\/\//, "").replace(/\/.*$/, ""));
  if (namespace === null) throw new CommandFailure(2, `${quoteBriefly(host)} is not the name of a registry's host`);
  return namespace;
}

/** Docker's file is the last of those that are looked into, and the one that all tools read. */
function fileOf(flags: Flags, io: CommandIo): string {
  const file = flags.file ?? credentialFiles(io.environment).at(-1);
  if (file === undefined)
    throw new CommandFailure(1, "there is no home folder to keep credentials in; name a file with --file");
  return file;
}
