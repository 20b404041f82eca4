import { expect, test } from "bun:test";
import { LOCAL, parseRepositoryPath } from "../oci/repository-name.ts";
import { type AccessControl, everyoneWrites, ownMachineWrites } from "./access-control.ts";
import type { Action } from "./action.ts";
import { type Applicant, Gate } from "./gate.ts";
import { LarderHosts } from "./larder-hosts.ts";
import type { Principal } from "./principal.ts";

const hosts = new LarderHosts({
  names: ["larder.lan"],
  standIns: [],
  isMachineName: () => false,
  isOwnAddress: () => true,
  ports: () => [{ scheme: "http", port: 80 }],
});
const REPOSITORY = { namespace: LOCAL, path: parseRepositoryPath("team/app") };
const HERE: Principal = { kind: "own-machine" };
const STRANGER: Principal = { kind: "stranger", trait: "came from 10.0.0.9" };
const ACTIONS: readonly Action[] = ["pull", "push", "delete", "administer"];

function applicant(who: Principal, headers: Record<string, string> = {}): Applicant & { asked: number } {
  const request = new Request("http://larder.lan/v2/", { headers: { Host: "larder.lan", ...headers } });
  return {
    asked: 0,
    request,
    arrival: () => ({ remote: null, local: { address: null, port: 80 }, scheme: "http" }),
    principal() {
      this.asked++;
      return Promise.resolve(who);
    },
  };
}

function gateOf(control: AccessControl): Gate {
  return new Gate({ control, hosts, trustedProxies: [] });
}

test("a pull that everyone may make is admitted at once, without a question who it is", () => {
  const stranger = applicant(STRANGER);
  expect(gateOf(ownMachineWrites).admit(stranger, "pull", REPOSITORY)).toBeNull();
  expect(stranger.asked).toBe(0);
});

test("this machine may do everything, a stranger only pull, and with --open everything", async () => {
  const answers = async (control: AccessControl, who: Principal) =>
    Promise.all(ACTIONS.map((action) => gateOf(control).allows(applicant(who), action, REPOSITORY)));
  expect(await answers(ownMachineWrites, HERE)).toEqual([true, true, true, true]);
  expect(await answers(ownMachineWrites, STRANGER)).toEqual([true, false, false, false]);
  expect(await answers(everyoneWrites, STRANGER)).toEqual([true, true, true, true]);
});

test("rules that tell people apart are asked for pulls, too, with the repository", async () => {
  const seen: unknown[] = [];
  const control: AccessControl = {
    ...ownMachineWrites,
    allowsEveryone: () => false,
    decide: async (principal, action, repository) => {
      seen.push([principal.kind, action, repository]);
      return { isAllowed: false, why: "not you" };
    },
  };
  const gate = gateOf(control);
  await expect(Promise.resolve(gate.admit(applicant(HERE), "pull", REPOSITORY))).rejects.toThrow("not you");
  expect(seen).toEqual([["own-machine", "pull", REPOSITORY]]);
});

test("a page of another site changes nothing, whoever has its browser, and pulls what everyone may", async () => {
  const page = { Origin: "http://evil.example", "Sec-Fetch-Site": "cross-site" };
  for (const control of [ownMachineWrites, everyoneWrites]) {
    const gate = gateOf(control);
    const answers = ACTIONS.map((action) => gate.allows(applicant(HERE, page), action, null));
    expect(await Promise.all(answers)).toEqual([true, false, false, false]);
    expect(() => gate.refuseForeignPages(applicant(HERE, page))).toThrow("a browser sent it");
  }
});
