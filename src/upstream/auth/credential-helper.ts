import * as v from "valibot";
import type { Credentials } from "./credentials.ts";
import { UpstreamError } from "../transport/upstream-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const OUTPUT_BYTES = 64 * 1024;
const TIMEOUT_MS = 30_000;
const OUTPUT_GRACE_MS = 1000;
/** What Docker's helpers print, on stdout and with exit status 1, when they know nothing. */
const NOT_FOUND = /credentials not found/i;

const answer = v.object({ Username: v.optional(v.string(), ""), Secret: v.optional(v.string(), "") });

/**
 * `docker-credential-NAME`, a program that keeps credentials. It is found by the environment's `PATH`.
 *
 * Source: docker/docker-credential-helpers v0.9, "Development": the command is the argument, everything else goes over
 * stdin and stdout.
 */
export class CredentialHelper {
  readonly program: string;
  readonly #environment: Environment;

  /** Throws a `credentials` failure when `name` could not be the end of a program's name. */
  constructor(name: string, environment: Environment) {
    if (!/^[\w.-]{1,64}$/.test(name)) {
      throw failure(`the credential helper ${JSON.stringify(name.slice(0, 80))} cannot be the name of a program`);
    }
    this.program = `docker-credential-${name}`;
    this.#environment = environment;
  }

  /** What the helper keeps for `server`; null when it keeps nothing. Throws a `credentials` failure. */
  async get(server: string): Promise<Credentials | null> {
    const { status, output } = await this.#run("get", server);
    if (status !== 0) {
      if (NOT_FOUND.test(output)) return null;
      throw failure(`${this.program} get failed with status ${status} for ${JSON.stringify(server)}`);
    }
    const parsed = v.safeParse(answer, parseJson(output));
    if (!parsed.success) throw failure(`${this.program} get did not answer with a user name and a secret`);
    return credentialsOf(parsed.output.Username, parsed.output.Secret);
  }

  /** Keeps `credentials` for `server`. Throws a `credentials` failure. */
  async store(server: string, credentials: Credentials): Promise<void> {
    const Secret = credentials.kind === "password" ? credentials.password : credentials.token;
    const Username = credentials.kind === "password" ? credentials.username : "<token>";
    const { status } = await this.#run("store", JSON.stringify({ ServerURL: server, Username, Secret }));
    if (status !== 0) throw failure(`${this.program} store failed with status ${status}`);
  }

  /** Forgets `server`; nothing happens when nothing is kept for it. Throws a `credentials` failure. */
  async erase(server: string): Promise<void> {
    const { status, output } = await this.#run("erase", server);
    if (status !== 0 && !NOT_FOUND.test(output)) throw failure(`${this.program} erase failed with status ${status}`);
  }

  async #run(command: "get" | "store" | "erase", input: string): Promise<{ status: number; output: string }> {
    const path = Bun.which(this.program, { PATH: this.#environment["PATH"] ?? "" });
    if (path === null) throw failure(`the program ${this.program}, which the configuration names, is not in PATH`);
    const child = Bun.spawn([path, command], {
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "ignore",
      env: { ...this.#environment },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: OUTPUT_BYTES,
    });
    const text = child.stdout.text();
    const status = await child.exited;
    // A child of the helper's may hold its output open; what is said by then has to do.
    const output = await Promise.race([text, Bun.sleep(OUTPUT_GRACE_MS).then(() => "")]);
    if (child.signalCode !== null) {
      throw failure(
        `${this.program} ${command} was stopped: it may take ${TIMEOUT_MS} ms and print ${OUTPUT_BYTES} bytes`,
      );
    }
    return { status, output };
  }
}

/** A user name `<token>` marks an identity token. Null when there is nothing in it. */
export function credentialsOf(username: string, secret: string): Credentials | null {
  if (username === "" && secret === "") return null;
  if (username === "<token>") return { kind: "identity-token", username, token: secret };
  return { kind: "password", username, password: secret };
}

function failure(message: string): UpstreamError {
  return new UpstreamError({ kind: "credentials" }, message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller reports it, without the text: that may hold a secret.
    return null;
  }
}
