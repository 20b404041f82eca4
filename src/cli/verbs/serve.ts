import { systemClock } from "../../lib/async/clock.ts";
import { X509Certificate } from "node:crypto";
import { Command } from "commander";
import { AciError } from "../../aci/aci-error.ts";
import { ConfigurationError } from "../../server/settings/configuration-file.ts";
import { DataFolderError } from "../../server/data-folder.ts";
import { ListenError } from "../../server/listen-error.ts";
import { type RunningServer, serve } from "../../server/serve.ts";
import type { Settings } from "../../server/settings/settings.ts";
import { VERSION } from "../../telemetry/version.ts";
import { LineLog } from "../../telemetry/log.ts";
import { CertificateError } from "../../tls/certificate-source.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { ownProgram } from "../own-program.ts";
import { type ServeFlags, serveSettings } from "../serve-settings.ts";

/** `larder serve`: runs the registry until SIGTERM or SIGINT. */
export function serveCommand(io: CommandIo): Command {
  return new Command("serve")
    .summary("run the registry")
    .description("Run the registry: keep images, and answer for the registries that they come from.")
    .option(
      "--http <address>",
      "listen for plain HTTP on :PORT, IPv4:PORT or [IPv6]:PORT; repeatable (default :5000 when there is no --https)",
      collect,
    )
    .option("--https <address>", "listen for HTTPS; repeatable", collect)
    .option("--tls <mode>", "auto, the default: a certificate of larder's own authority, always current (larder ca)")
    .option("--tls-cert <file>", "a certificate of your own, PEM; read again when it changes")
    .option("--tls-key <file>", "and its key")
    .option("--dns <address>", "answer DNS for the registries stood in for, and forward the rest; repeatable", collect)
    .option("--dns-open", "answer DNS to everyone, not only to private addresses and this machine's networks")
    .option("--standard-ports", "--http :80, --https :443 and --dns :53 at once: all that spoofed names need")
    .option("--data <folder>", "where images are kept (default ./larder-data)")
    .option("--config <file>", "larder.yaml; flags win over it")
    .option("--stand-in <host|file>", "a registry to stand in for, or a file with one a line; repeatable", collect)
    .option("--upstream <host=url>", "where a registry answers, when it is not https://HOST; repeatable", collect)
    .option("--offline", "never contact an upstream registry (also at run time: larder offline on)")
    .option(
      "--resolver <address>",
      "a DNS server for upstream names, past the hosts file of this machine; repeatable",
      collect,
    )
    .option("--tags <lifetime>", "how long a cached tag is taken for current: never, always, or 5m (the default)")
    .option(
      "--credentials <file>",
      "a Docker config.json with credentials for upstreams (default: Docker's and Podman's)",
    )
    .option("--name <host>", "a name of this larder's own; repeatable", collect)
    .option(
      "--address <ip>",
      "what DNS and spoofed nodes are told (default: the address that they reach larder by); repeatable",
      collect,
    )
    .option("--sparse", "take manifests whose blobs were not pushed: images that are meant to be sparse")
    .option("--open", "let everyone who reaches larder push and delete, not only this machine")
    .option(
      "--trusted-proxy <address|network>",
      "a proxy in front of larder, such as 127.0.0.2: whom it forwards for counts as who asks; repeatable",
      collect,
    )
    .option("--gc-grace <duration>", "how long blobs of a push in flight stay without their manifest (default 1h)")
    .option("--aci-files <folder>", "serve the files in it at /aci/ as they are, beside converted images")
    .option("--aci-key <file>", "sign ACIs with this armored private key (default: larder's own)")
    .option("--aci-keep <size>", "keep so much of converted ACIs, those used last (default 10GB)")
    .option("--log-level <level>", "debug, info, warning or error (default info)")
    .action(async (flags: ServeFlags) => {
      const server = await start(io, await serveSettings(flags, io.environment));
      announce(io, server);
      await new Promise<void>((resolve) => {
        if (io.signal.aborted) resolve();
        io.signal.addEventListener("abort", () => resolve());
      });
      await server.stop();
    });
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

async function start(io: CommandIo, settings: Settings): Promise<RunningServer> {
  const log = new LineLog((line) => io.stderr.write(line), settings.logLevel, Date.now);
  try {
    return await serve(settings, {
      log,
      clock: systemClock,
      version: VERSION,
      variables: io.environment,
      program: ownProgram(),
    });
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof AciError) throw new CommandFailure(2, error.message);
    if (error instanceof ListenError || error instanceof DataFolderError || error instanceof CertificateError) {
      throw new CommandFailure(1, error.message);
    }
    throw error;
  }
}

/** Says where larder is and what to do next. */
function announce(io: CommandIo, { urls, nameServers, authorityPem, dataFolder }: RunningServer): void {
  const [first = ""] = urls;
  const isSecure = first.startsWith("https:");
  const address = first.replace(/^https?:\/\//, "");
  const flag = address === "localhost:5000" ? "" : ` --registry ${isSecure ? first : address}`;
  const [skopeo, podman] = isSecure ? ["", ""] : ["--dest-tls-verify=false ", "--tls-verify=false "];
  const outside = urls.filter((url) => !/:\/\/(?:localhost|127\.|\[::1\])/.test(url));
  const plain = outside.find((url) => url.startsWith("http:"));
  const shown = plain ?? outside[0] ?? first;
  const page = shown.startsWith("https:") ? `-k ${shown}` : shown;
  const lines = [
    section("listens at", urls),
    section("answers DNS", nameServers),
    section("authority", authorityPem === null ? [] : [new X509Certificate(authorityPem).fingerprint256]),
    section("keeps data", [dataFolder]),
  ];
  io.stdout.write(`larder ${VERSION} is ready

${lines.join("")}
Try next:
  podman pull ${podman}${address}/docker.io/library/alpine:3      # through larder, and kept here
  skopeo copy ${skopeo}docker-daemon:myapp:1 docker://${address}/myapp:1
  larder ls${flag}
  curl -fsS ${page}/client/   # how nodes come to pull from here, a line for each runtime
`);
}

function section(title: string, values: readonly string[]): string {
  return values.length === 0 ? "" : `  ${title.padEnd(13)}${values.join(`\n${" ".repeat(15)}`)}\n`;
}
