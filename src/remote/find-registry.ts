import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import { givenRegistryAddress, type RegistryAddress, tryParseRegistryAddress } from "./registry-address.ts";
import { findRunningLarders, type RunningLarder } from "./running/running-larders.ts";
import { type Answerer, whoAnswers } from "./who-answers.ts";

/** The registry that a command works on. */
export type FoundRegistry = RegistryAddress & {
  /** PEM of a certificate authority that it was found with, and that is trusted besides the public ones; null: none. */
  readonly caPem: string | null;
};

/** Where a larder of this machine may be when nothing says where. The first one may be another registry, too. */
const USUAL_ORIGINS = ["http://localhost:5000", "http://localhost:80", "https://localhost:443"] as const;
/** For each of two questions at every port, and for one more. */
const LIMIT_MS = 1500;

/**
 * Finds the registry that a command works on: the one that `flag` (`--registry`) or the environment names, else the larder
 * that runs on this machine, as its own file says, else what answers at the ports that larders usually have. Takes five
 * seconds at most. Throws a CommandFailure that says what was tried.
 */
export async function findRegistry(flag: string | undefined, io: CommandIo): Promise<FoundRegistry> {
  const given = givenRegistryAddress(flag, io.environment);
  if (given !== null) return { ...given, caPem: null };
  const [newest, ...others] = findRunningLarders(io.environment);
  if (newest === undefined) return findAtUsualPorts(io);
  if (others.length > 0) io.stderr.write(`larder: ${describeChoice(newest, others)}\n`);
  return { ...addressOf(urlOf(newest)), caPem: newest.authorityPem };
}

/** Where a larder of this machine may answer, best first, when nothing says where one is. Nobody is asked. */
export function likelyOrigins(environment: CommandIo["environment"]): readonly [string, ...string[]] {
  const [first, ...others] = findRunningLarders(environment).map(urlOf);
  return first === undefined ? USUAL_ORIGINS : [first, ...others];
}

/** Of a larder's own addresses the one to ask it at: without TLS, and of this machine alone, if there is one. */
function urlOf({ urls }: RunningLarder): string {
  const order = [/^http:\/\/(?:localhost|127\.|\[::1\])/, /^http:/, /^https:\/\/(?:localhost|127\.|\[::1\])/, /^/];
  for (const kind of order) {
    const url = urls.find((one) => kind.test(one));
    if (url !== undefined) return url;
  }
  return urls[0] ?? "";
}

function describeChoice(newest: RunningLarder, others: readonly RunningLarder[]): string {
  const named = (one: RunningLarder) => `${urlOf(one)} (${one.dataFolder})`;
  return `several larders run here; this is the one started last, ${named(newest)}; --registry names another: ${others.map(named).join(", ")}`;
}

async function findAtUsualPorts(io: CommandIo): Promise<FoundRegistry> {
  // Of this very machine: whoever answers here could as well answer without TLS.
  const asking = { ca: "unverified", limitMs: LIMIT_MS } as const;
  const answers = await Promise.all(USUAL_ORIGINS.map((origin) => whoAnswers(origin, asking, io.signal)));
  const larder = USUAL_ORIGINS.find((_, index) => answers[index]?.who === "larder");
  if (larder !== undefined) {
    return { ...addressOf(larder), caPem: larder.startsWith("https:") ? await authorityAt(larder, io.signal) : null };
  }
  const [first] = answers;
  if (first?.who === "registry") return { ...addressOf(USUAL_ORIGINS[0]), caPem: null };
  throw new CommandFailure(1, describeAbsence(answers));
}

function describeAbsence(answers: readonly Answerer[]): string {
  const tried = USUAL_ORIGINS.map((origin, index) => {
    const answer = answers[index];
    return `  ${origin}: ${answer === undefined ? "" : wordsOf(answer)}`;
  });
  return [
    "no larder was found on this machine; is it running?",
    "No file says that one runs here (see 'larder serve'), and at the usual ports:",
    ...tried,
    "Start it with 'larder serve', or say where it is: --registry HOST:PORT, or LARDER_REGISTRY=HOST:PORT",
  ].join("\n");
}

function wordsOf(answer: Answerer): string {
  if ("words" in answer) return answer.words;
  return answer.who === "larder" ? "a larder" : "a registry that is no larder answers; --registry names it";
}

function addressOf(url: string): RegistryAddress {
  const address = tryParseRegistryAddress(url);
  if (address === null) throw new CommandFailure(1, `${url}, where a larder says that it listens, is no address`);
  return address;
}

/** The authority that a larder says its certificate is of; null when it has none of its own. */
async function authorityAt(origin: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(`${origin}/client/ca.crt`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      redirect: "manual",
      tls: { rejectUnauthorized: false },
      proxy: false as unknown as string,
    });
    const pem = (await response.text()).slice(0, 64 * 1024);
    return response.ok && pem.includes("-----BEGIN CERTIFICATE-----") ? pem : null;
  } catch {
    signal.throwIfAborted();
    return null; // Then the certificate has to stand on its own.
  }
}
