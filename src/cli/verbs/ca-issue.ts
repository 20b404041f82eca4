import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { writeOnce } from "../../lib/files/write-once.ts";
import { readAuthorityCertificate } from "../../tls/authority-files.ts";
import { openCertificateAuthority } from "../../tls/certificate-authority.ts";
import { CertificateError } from "../../tls/certificate-source.ts";

type Flags = { readonly data?: string; readonly out: string; readonly days: string };

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 3650;

/** `larder ca issue NAME`: a client's certificate of larder's own authority. */
export function caIssueCommand(io: CommandIo): Command {
  return new Command("issue")
    .description(
      "Sign a certificate of larder's own authority with which a client shows who it is (serve --client-ca).",
    )
    .argument("<name>", "who: what rules call certificate:NAME")
    .option("--data <folder>", "the server's data folder, which has the authority's key")
    .option("--out <folder>", "write NAME.crt and NAME.key there", ".")
    .option("--days <number>", "for how long", "365")
    .action(async (name: string, _: unknown, command: Command) => {
      // The folder is an option of `larder ca` as well, which reads it first.
      const { data, out, days } = command.optsWithGlobals<Flags>();
      if (data === undefined)
        throw new CommandFailure(2, "give --data DIR, the server's data folder, which has the authority's key");
      const file = join(out, name.replaceAll(/[^\w.@-]/g, "_"));
      const { certPem, keyPem, notAfter } = await issue(join(data, "tls"), name, daysIn(days));
      await mkdir(out, { recursive: true });
      await write(`${file}.key`, keyPem, 0o600);
      await write(`${file}.crt`, certPem, 0o644);
      io.stderr.write(
        `${file}.crt and ${file}.key show who ${name} is until ${notAfter.toISOString()}, to a larder that runs with --client-ca ${join(data, "tls", "ca.crt")}\n`,
      );
    });
}

function daysIn(text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= 1 && days <= LONGEST_DAYS) return days;
  throw new CommandFailure(2, `--days ${JSON.stringify(text)}: write a number of days from 1 to ${LONGEST_DAYS}`);
}

async function issue(folder: string, name: string, days: number) {
  try {
    // An authority that larder does not present is nobody's: it is made by the first start with HTTPS.
    if ((await readAuthorityCertificate(folder)) === null) {
      throw new CertificateError(
        `${folder}/ca.crt does not exist: the authority is made at the first start of 'larder serve --https'`,
      );
    }
    const authority = await openCertificateAuthority(folder, { now: () => Date.now(), constraints: null });
    return await authority.issueClientCertificate(name, days * DAY_MS);
  } catch (error) {
    throw new CommandFailure(1, describeFailure(error), { cause: error });
  }
}

/** A key that somebody uses is not written over. */
async function write(path: string, content: string, mode: number): Promise<void> {
  let isNew: boolean;
  try {
    isNew = await writeOnce(path, content, mode);
  } catch (error) {
    throw new CommandFailure(1, `cannot write ${path}: ${describeFailure(error)}`, { cause: error });
  }
  if (!isNew)
    throw new CommandFailure(1, `${path} is there already; move it away, or choose another folder with --out`);
}
