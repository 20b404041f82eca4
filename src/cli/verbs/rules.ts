import { Command, Option } from "commander";
import { type Action, ACTIONS, tryParseAction } from "../../access/action.ts";
import { type Explanation, explain, principalNamed, repositoryNamed } from "../../access/rules/explain.ts";
import { DEFAULT_RULES } from "../../access/rules/rule.ts";
import { RuleControl } from "../../access/rules/rule-control.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { Given } from "../../server/settings/given-settings.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { ruleResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";
import { readSettingsOrFail } from "../setting-flags.ts";

type Flags = {
  readonly registry?: string;
  readonly config?: string;
  readonly claim: readonly string[];
  readonly json?: true;
};
type Asked = {
  readonly subject: string;
  readonly action: Action;
  readonly name: string;
  readonly claims: Readonly<Record<string, string>>;
};
type Told = Explanation & { readonly place: string | null };

/** `larder rules test SUBJECT ACTION NAME`: which rule decides. */
export function rulesCommand(io: CommandIo): Command {
  return new Command("rules").addCommand(testCommand(io));
}

function testCommand(io: CommandIo): Command {
  const command = new Command("test")
    .summary("may somebody do something, and which rule says so?")
    .description(
      "Tell whether somebody may do something, and which rule or grant says so: of the running larder, or of a larder.yaml\n" +
        "that none has read yet (--config), where users and tokens of larder's own are not known. Exit status 1: they may not.",
    )
    .argument("<subject>", "anonymous, this-machine, bob, token:ci, certificate:node1, PROVIDER:SUBJECT")
    .argument("<action>", ACTIONS.join(", "))
    .argument("<name>", "of a repository: team/app, docker.io/library/nginx; '**': the registry as a whole")
    .addOption(
      new Option("--claim <name=value>", "a claim of the provider's token; repeatable").argParser(collect).default([]),
    )
    .option("--config <file>", "ask this larder.yaml, and no larder")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((subject: string, action: string, name: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const asked = { subject, action: actionIn(action), name, claims: Object.fromEntries(flags.claim.map(claimIn)) };
      readSubject(asked);
      readArgument(() => repositoryNamed(name));
      const told = flags.config === undefined ? await askLarder(asked, flags, io) : await judge(asked, flags.config);
      if (flags.json === true) writeJson(io.stdout, ruleResult, { subject, action, name, ...told });
      else
        io.stdout.write(
          `${told.isAllowed ? "allowed" : "refused"}: ${told.reason}${told.place === null ? "" : ` (${told.place})`}\n`,
        );
      if (!told.isAllowed) throw new CommandFailure(1, "");
    }),
  );
}

async function askLarder(asked: Asked, flags: Flags, io: CommandIo): Promise<Told> {
  const larder = await connectLarder(flags, "rules test", io);
  return { ...(await larder.call("testRule", asked)), place: null };
}

async function judge(asked: Asked, file: string): Promise<Told> {
  const { settings, given } = await readSettingsOrFail({ file, flags: new Map(), environment: {} });
  const { auth } = settings;
  const explanation = explain({
    control: new RuleControl(auth?.rules ?? DEFAULT_RULES),
    isWritten: (auth?.rules ?? null) !== null,
    isSetUp: auth !== null,
    principal: readSubject(asked),
    action: asked.action,
    repository: readArgument(() => repositoryNamed(asked.name)),
  });
  return { ...explanation, place: placeOf(given.get("auth.rules"), explanation.rule) };
}

/** The line of a rule, `larder.yaml:14`. */
function placeOf(rules: Given | undefined, rule: number | null): string | null {
  if (rule === null || rules?.origin.kind !== "file") return null;
  const { path, line, itemLines } = rules.origin;
  return `${path}:${itemLines?.[rule - 1] ?? line}`;
}

function readSubject({ subject, claims }: Asked) {
  try {
    return principalNamed(subject, claims);
  } catch (error) {
    throw new CommandFailure(2, describeFailure(error));
  }
}

function actionIn(text: string): Action {
  const action = tryParseAction(text);
  if (action === null)
    throw new CommandFailure(2, `there is no action ${JSON.stringify(text)}; there are ${ACTIONS.join(", ")}`);
  return action;
}

function claimIn(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new CommandFailure(2, `--claim ${text}: write NAME=VALUE, such as ref=refs/heads/main`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
