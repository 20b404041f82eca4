/**
 * What a guide tells its reader to do, taken out of its Markdown. The words after a fence's language, which no reader
 * sees, say what a block is:
 *
 *     ```sh larder                    commands, typed on the host `larder`
 *     ```sh larder status:1           commands that end with this exit status; 0 unless said
 *     ```sh larder daemon             a program that goes on running; the output that follows is waited for
 *     ```text output                  what the block before prints; `…` is any text, and any lines as a line of its own
 *     ```yaml larder:/etc/larder.yaml a file of that host, written anew; a relative path is below the folder it is in
 *     ```sh not-run:needs-a-cloud     shown, and not tried, for this reason
 *
 * What a reader does with the hands is an HTML comment by itself, for whoever runs the guide:
 *
 *     <!-- lab: unplug the internet -->
 *
 * The commands in a table's column are run, a block for each row that has some, when this comment stands before it:
 *
 *     <!-- run column 2 on larder -->
 *
 * Any language will do for outputs and files. Whatever else stands in a fence is a mistake of the guide.
 */
import { GuideMistake } from "./guide-mistake.ts";
import { type Fence, readMarkdown } from "./read-markdown.ts";

export type Step =
  | {
      readonly kind: "commands";
      readonly line: number;
      readonly host: string;
      readonly text: string;
      readonly status: number;
      /** Null: whatever it prints is right. */
      readonly output: string | null;
    }
  | {
      readonly kind: "daemon";
      readonly line: number;
      readonly host: string;
      readonly text: string;
      readonly output: string;
    }
  | {
      readonly kind: "file";
      readonly line: number;
      readonly host: string;
      readonly path: string;
      readonly text: string;
    }
  | { readonly kind: "action"; readonly line: number; readonly action: string }
  | { readonly kind: "shown"; readonly line: number; readonly reason: string };

const ACTION = /^<!-- lab: (.+) -->$/;
const COMMAND_WORDS = /^(?<host>[a-z][a-z0-9-]*)(?: (?:(?<daemon>daemon)|status:(?<status>\d+)))?$/;
const FILE_WORD = /^(?<host>[a-z][a-z0-9-]*):(?<path>[^\s:]+)$/;
const SHOWN_WORD = /^not-run:(?<reason>[a-z0-9-]+)$/;
const HOW = "say which host it is for, `output`, `HOST:FILE` or `not-run:REASON` after its language";

/** Reads the steps of a guide, in order. `guide` is its name, for messages. Throws `GuideMistake`. */
export function readSteps(guide: string, markdown: string): readonly Step[] {
  const steps: Step[] = [];
  for (const part of readMarkdown(guide, markdown)) {
    if (part.kind === "comment") {
      const action = ACTION.exec(part.text)?.[1];
      if (action !== undefined) steps.push({ kind: "action", line: part.line, action });
    } else if (part.words === "output") {
      addOutput(guide, steps, part);
    } else {
      steps.push(stepOf(guide, part));
    }
  }
  const mute = steps.find((step) => step.kind === "daemon" && step.output === "");
  if (mute !== undefined)
    throw new GuideMistake(guide, mute.line, "a daemon needs an output that tells that it is ready");
  return steps;
}

function stepOf(guide: string, { line, language, words, text }: Fence): Step {
  const reason = SHOWN_WORD.exec(words)?.groups?.["reason"];
  if (reason !== undefined) return { kind: "shown", line, reason };
  const file = FILE_WORD.exec(words)?.groups;
  if (file !== undefined) return { kind: "file", line, host: file["host"] ?? "", path: file["path"] ?? "", text };
  const command = language === "sh" ? COMMAND_WORDS.exec(words)?.groups : undefined;
  if (command === undefined) throw new GuideMistake(guide, line, `a block that nobody runs: ${HOW}`);
  const host = command["host"] ?? "";
  if (command["daemon"] !== undefined) return { kind: "daemon", line, host, text, output: "" };
  return { kind: "commands", line, host, text, status: Number(command["status"] ?? 0), output: null };
}

/** An output belongs to the block before it, whatever comments stand between. */
function addOutput(guide: string, steps: Step[], { line, text }: Fence): void {
  const last = steps.at(-1);
  const isOpen = (last?.kind === "commands" && last.output === null) || (last?.kind === "daemon" && last.output === "");
  if (!isOpen) throw new GuideMistake(guide, line, "an output of nothing: the block before it is not one of commands");
  steps[steps.length - 1] = { ...last, output: text };
}
