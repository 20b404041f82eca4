/** Whoever runs guides notices what is wrong with them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LAB_NEEDS, NetworkLab } from "../end-to-end/network-lab.ts";
import { requirement } from "../requirement.ts";
import { GuideRun } from "./guide-run.ts";
import { readSteps } from "./guide-steps.ts";

const fenced = (first: string, ...lines: string[]) => ["```" + first, ...lines, "```", ""].join("\n");

describe.skipIf(!requirement(...LAB_NEEDS, "bash").met)("following a guide", () => {
  let network: NetworkLab;
  let acted = 0;
  let follow: (...parts: string[]) => Promise<void>;

  beforeAll(async () => {
    network = await NetworkLab.create();
    const hosts = { one: await network.addHost("one"), two: await network.addHost("two") };
    const actions = { "count to one": async () => void acted++ };
    follow = async (...parts) => {
      const run = new GuideRun("guide.md", { hosts, actions });
      for (const step of readSteps("guide.md", parts.join("\n"))) await run.follow(step);
    };
  }, 60_000);
  afterAll(() => network.close());

  test("goes on in the folder and with the variables and aliases of the block before, on each host", async () => {
    await follow(
      fenced("sh one", "mkdir -p here", "cd here", "a='x  y'", "export B=2", "alias say='echo said'"),
      fenced("text one:file.txt", "hello"),
      fenced("sh one", 'say "$a" $B', "cat file.txt", "sh -c 'echo $B$a'", "hostname"),
      fenced("text output", "said x  y 2", "hello", "2", "one"),
      fenced("sh two", "echo $B; hostname; ls"),
      fenced("text output", "", "two"),
    );
  });

  test("fails when something else is printed", () => {
    const told = follow(fenced("sh one", "echo right >&2; echo out"), fenced("text output", "right", "wrong"));
    return expect(told).rejects.toThrow(/^guide\.md:1: [^]*printed\nright\nout\n[^]*not what the guide shows/);
  });

  test.each([
    ["its first command", ["false", "true"]],
    ["a command of a pipe", ["false | true"]],
    ["a variable's command", ["a=$(false)"]],
  ])("fails when %s fails", (_, lines) =>
    expect(follow(fenced("sh one", ...lines))).rejects.toThrow("guide.md:1: status 1 of"),
  );

  test("fails when what is to fail does not, or with another status", async () => {
    await follow(fenced("sh one status:3", "exit 3"));
    await expect(follow(fenced("sh one status:3", "true"))).rejects.toThrow("guide.md:1: status 0 of");
    await expect(follow(fenced("sh one status:3", "exit 4"))).rejects.toThrow("guide.md:1: status 4 of");
  });

  test("starts a daemon, waits for what it says, and stops it", async () => {
    await follow(
      fenced(
        "text one:program",
        "trap 'echo bye >gone; exit 0' TERM",
        "echo ready $WHO",
        "while :; do sleep 0.1; done",
      ),
      fenced("sh one daemon", "true", "WHO=me \\", "  bash program"),
      fenced("text output", "ready me"),
      "<!-- lab: stop one -->",
      fenced("sh one", "cat gone"),
      fenced("text output", "bye"),
    );
  });

  test("fails when a daemon ends, and when nothing is there to stop", async () => {
    const dead = follow(fenced("sh one daemon", "sh -c 'echo no; exit 1'"), fenced("text output", "ready"));
    await expect(dead).rejects.toThrow(/^guide\.md:1: [^]*ended with 1[^]*no/);
    await expect(follow("<!-- lab: stop one -->")).rejects.toThrow("nothing runs on one");
  });

  test("does what people do with their hands, and fails when nobody knows how", async () => {
    await follow("<!-- lab: count to one -->");
    expect(acted).toBe(1);
    await expect(follow("<!-- lab: fly -->")).rejects.toThrow("guide.md:1: nobody here knows how to fly");
    await expect(follow(fenced("sh three", "ls"))).rejects.toThrow("guide.md:1: there is no host three");
  });
});
