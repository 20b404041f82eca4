import { fail, type Finding, ok, warn } from "./finding.ts";
import { listNames } from "./list-names.ts";

/** What a larder says of itself, as far as a doctor looks at it. */
type ServerHealth = {
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number };
  readonly storeProblem: string | null;
  /** Which images have damaged blobs; an older larder does not say. */
  readonly rot?: string | null;
  /** An older larder does not say it. */
  readonly spaceProblem?: string | null;
  readonly offline: boolean;
  readonly upstreams: readonly {
    readonly namespace: string;
    readonly problem: string | null;
    /** What is unsafe in the way to it; older larders do not say. */
    readonly cautions?: readonly string[] | undefined;
  }[];
};

const GIB = 2 ** 30;
const CLOCK_WARNING_MS = 60_000;
/** What larder's certificates are backdated by; a clock further behind refuses them. */
const CLOCK_LIMIT_MS = 30 * 24 * 60 * 60_000;

/** What a larder says of itself: its disk, its store, its way to the registries. `used` as for `examineUpstreams`. */
export function examineLarder(health: ServerHealth, used: ReadonlySet<string> | null): readonly Finding[] {
  const disk = examineDisk("larder's data folder", health.disk);
  return [
    disk,
    examineStore(health.storeProblem ?? null),
    ...examineRot(health.rot ?? null),
    ...examineSpace(health.spaceProblem ?? null),
    ...examineUpstreams(health, used),
    ...examineCautions(health),
  ];
}

/** Space where images are kept: larder's data folder, or a runtime's. */
export function examineDisk(what: string, { freeBytes, sizeBytes }: ServerHealth["disk"]): Finding {
  const share = sizeBytes === 0 ? 0 : freeBytes / sizeBytes;
  const message = `${what} has ${(freeBytes / GIB).toFixed(1)} GiB free of ${(sizeBytes / GIB).toFixed(1)} GiB`;
  // A small disk that is half empty is small, and not full.
  if (freeBytes < GIB / 4 && share < 0.5)
    return fail("disk", message, "make room: what is not here yet cannot be kept");
  if (share < 0.05 || freeBytes < GIB) return warn("disk", message, "make room before it is full");
  return ok("disk", message);
}

/** May larder write to its store? One that may not serves what it can read. */
export function examineStore(problem: string | null): Finding {
  if (problem === null) return ok("store", "larder reads and writes its store");
  return fail(
    "store",
    problem,
    "see to larder's own machine; until then what is new is not kept, and what cannot be read is missing",
  );
}

/** Blobs whose bytes cannot be had from larder; nothing is said where none is known. */
function examineRot(rot: string | null): readonly Finding[] {
  return rot === null ? [] : [warn("store", rot, "`larder stats` lists them; push those images again")];
}

/** Are the limits of space kept? */
function examineSpace(problem: string | null): readonly Finding[] {
  if (problem === null) return [];
  return [warn("space", problem, "see what takes it with larder du; remove images or pins, or give larder more")];
}

/** The difference between this machine's clock and larder's, which certificates depend on. */
export function examineClock(differenceMs: number): Finding {
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  if (Math.abs(differenceMs) < CLOCK_WARNING_MS) return ok("clock", "this machine's is right by larder's");
  const message = `this machine's is ${seconds} s ${differenceMs > 0 ? "ahead of" : "behind"} larder's`;
  const advice = "set the clocks (timedatectl, chrony): certificates are valid at their time only";
  return Math.abs(differenceMs) > CLOCK_LIMIT_MS ? fail("clock", message, advice) : warn("clock", message, advice);
}

/** What is unsafe in the way to registries, said each time. */
function examineCautions({ upstreams }: ServerHealth): readonly Finding[] {
  const remedy = "see to larder's settings (larder config), then have them read again (systemctl reload larder)";
  return upstreams.flatMap(({ cautions = [] }) => cautions.map((caution) => warn("upstream", caution, remedy)));
}

const REMEDY_UPSTREAM =
  "see to larder's way out (its proxy, --resolver, --upstream), or say that there is none: larder offline on";

const NOTHING = { namespace: "", problem: null };

/**
 * Whether larder reaches the registries that it stands in for, a line for each cause. `used` are those that somebody pulls
 * from, null when nobody knows.
 */
export function examineUpstreams(
  { offline, upstreams }: ServerHealth,
  used: ReadonlySet<string> | null,
): readonly Finding[] {
  if (offline) return [ok("upstream", "larder is offline, and serves what it has")];
  const causes = Map.groupBy(upstreams, ({ namespace, problem }) =>
    JSON.stringify([causeOf(namespace, problem), problem !== null && (used === null || used.has(namespace))]),
  );
  return [...causes.values()].map((alike) => {
    const names = listNames(alike.map(({ namespace }) => namespace));
    const { namespace, problem } = alike[0] ?? NOTHING;
    if (problem === null) return ok("upstream", `larder reaches ${names}`);
    const said = alike.length === 1 ? problem : `${problem} (and so on)`;
    const message = `larder does not reach ${names}, so that only what it has can be pulled: ${said}`;
    return used === null || used.has(namespace)
      ? fail("upstream", message, REMEDY_UPSTREAM)
      : warn("upstream", `${message}; nobody has asked for an image from there`, REMEDY_UPSTREAM);
  });
}

/** The same for two registries whose problems differ in their names alone. */
function causeOf(namespace: string, problem: string | null): string | null {
  return problem?.replaceAll(/[a-z0-9-]+(?:\.[a-z0-9-]+)+/g, (name) => (name.endsWith(namespace) ? "" : name)) ?? null;
}
