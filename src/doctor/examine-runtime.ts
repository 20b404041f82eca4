import type { AskProgram } from "./ask-program.ts";
import { fail, type Finding, ok, placeOf } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";
import type { Probe, ProbeOrigin } from "./probe.ts";
import { readContainerd } from "./read-containerd.ts";
import { readContainers } from "./read-containers.ts";
import { readDocker } from "./read-docker.ts";
import { readRancher } from "./read-rancher.ts";
import type { Route, RuntimeSetup } from "./runtime-setup.ts";

/** A runtime of this machine, and for which registries (`*`: all others) its settings bring it to larder. */
export type RuntimeReport = {
  readonly runtime: string;
  readonly broughtHere: ReadonlySet<string>;
  /** For which they name an address where nobody answers. */
  readonly broughtNowhere: ReadonlySet<string>;
  readonly findings: readonly Finding[];
};

/** What the files of the runtimes say that this machine has. `now` tells the time, by the clock of the files. */
export async function readRuntimes(
  files: NodeFiles,
  ask: AskProgram,
  now: () => number,
): Promise<readonly RuntimeSetup[]> {
  const setups = await Promise.all([
    readContainerd(files, ask, now),
    readContainers(files),
    readDocker(files),
    readRancher("k3s", files),
    readRancher("rke2", files),
  ]);
  return setups.filter((setup) => setup !== null);
}

/** Asks every address that a runtime's settings name for one of `standIns`. Registries of others are nobody's concern. */
export async function examineRuntime(
  setup: RuntimeSetup,
  standIns: readonly string[],
  files: NodeFiles,
  probe: ProbeOrigin,
): Promise<RuntimeReport> {
  const [broughtHere, broughtNowhere] = [new Set<string>(), new Set<string>()];
  const findings = [...setup.problems];
  const elsewhere: Elsewhere[] = [];
  if (!setup.isInEffect) return { runtime: setup.runtime, broughtHere, broughtNowhere, findings };
  const concerned = setup.routes.filter(({ registry }) => registry === "*" || standIns.includes(registry));
  const answers = new Map<string, Probe>();
  for (const [route] of groupsOf(concerned)) {
    if (route !== undefined) answers.set(placeOfRoute(route), await ask(route, files, probe));
  }
  const answerTo = (route: Route) => answers.get(placeOfRoute(route)) as Probe;
  for (const routes of groupsOf(firstOf(concerned, answerTo))) {
    const [route] = routes;
    if (route === undefined) continue;
    const answer = answerTo(route);
    const registries = [...new Set(routes.map(({ registry }) => registry))];
    if (answer.who === "larder" && answer.refusal === null) for (const name of registries) broughtHere.add(name);
    if (answer.who === "nobody") for (const name of registries) broughtNowhere.add(name);
    const finding = judge(setup.runtime, route, registries, answer);
    if (finding !== null) findings.push(finding);
    if (answer.who === "registry" || answer.who === "other") elsewhere.push({ route, registries, answer });
  }
  if (broughtHere.size > 0) findings.push(...pulledElsewhere(setup.runtime, elsewhere, broughtHere));
  return { runtime: setup.runtime, broughtHere, broughtNowhere, findings };
}

type Elsewhere = { readonly route: Route; readonly registries: readonly string[]; readonly answer: Probe };

/** On a machine that comes to larder for some registries, those of the others that its settings lead somewhere else. */
function pulledElsewhere(
  runtime: string,
  elsewhere: readonly Elsewhere[],
  broughtHere: ReadonlySet<string>,
): readonly Finding[] {
  return elsewhere.flatMap(({ route, registries, answer }) =>
    registries
      .filter((name) => name !== "*" && !broughtHere.has(name))
      .map((name) =>
        fail(
          runtime,
          `asks ${answer.origin} for ${name}, and that is not larder: ${route.path} says so`,
          "if that is not meant, move the file away, and run the script of larder's /client/ again",
        ),
      ),
  );
}

/**
 * Without the routes behind one to a larder that is accepted: a site's own mirrors, which are asked when larder lacks the
 * image.
 */
function firstOf(routes: readonly Route[], answerTo: (route: Route) => Probe): readonly Route[] {
  const done = new Set<string>();
  return routes.filter((route) => {
    const place = `${route.registry} ${route.path}`;
    if (done.has(place)) return false;
    const { who, refusal } = answerTo(route);
    if (who === "larder" && refusal === null) done.add(place);
    return true;
  });
}

/** Routes to the same place in the same way are asked once, and told of in one line. */
function groupsOf(routes: readonly Route[]): readonly (readonly Route[])[] {
  return [...Map.groupBy(routes, placeOfRoute).values()];
}

function placeOfRoute({ origins, caPath, verifies }: Route): string {
  return `${origins.join()} ${caPath} ${verifies}`;
}

/** What the runtime would meet: the first of the origins where somebody answers. */
async function ask(route: Route, files: NodeFiles, probe: ProbeOrigin): Promise<Probe> {
  const { origins, caPath, verifies } = route;
  const caPem = caPath === null ? null : await files.read(caPath);
  const probes: Probe[] = [];
  for (const origin of origins) {
    const answer = await probe(origin, { caPem, verifies });
    if (answer.who !== "nobody") return answer;
    probes.push(answer);
  }
  const [first] = probes;
  if (first === undefined) throw new Error(`${route.path} has a route without an address`);
  return first;
}

/** Null when it is not about larder. */
function judge(runtime: string, route: Route, registries: readonly string[], answer: Probe): Finding | null {
  const names = registries.map((name) => (name === "*" ? "all other registries" : name)).join(", ");
  const { origin, who, refusal, silence } = answer;
  if (who === "nobody") {
    const advice = `is larder running, and is the address right? It stands in ${route.path}`;
    return fail(runtime, `asks ${origin} for ${names}, and nobody answers there: ${silence}`, advice, placeOf(origin));
  }
  if (who !== "larder") return null;
  if (refusal === null) return ok(runtime, `asks ${origin} for ${names}, and that is larder`);
  return fail(
    runtime,
    `asks ${origin} for ${names}, and that is larder, whose certificate it does not accept: ${refusal}`,
    "run the script of larder's /client/ again, which brings the authority; is this machine's clock right?",
  );
}

/** The runtimes whose settings do not bring them to larder for this registry, nor to where it may be again. */
export function overlookedBy(reports: readonly RuntimeReport[], registry: string): readonly string[] {
  return reports
    .filter((report) =>
      [report.broughtHere, report.broughtNowhere].every((names) => !names.has(registry) && !names.has("*")),
    )
    .map(({ runtime }) => runtime);
}
