import { dirname } from "node:path";
import type { LabDaemon } from "../end-to-end/lab-daemon.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import { outputHas, outputMatches } from "./expected-output.ts";
import { GuideMistake } from "./guide-mistake.ts";
import type { Step } from "./guide-steps.ts";
import { HostShell } from "./host-shell.ts";

const READY_TIMEOUT_MS = 30_000;

/** What a guide is run on. */
export type GuideLab = {
  /** By the names that the guide's blocks have. */
  readonly hosts: Readonly<Record<string, LabHost>>;
  /** What people do with their hands: `<!-- lab: NAME -->`. `stop HOST` is there without being named. */
  readonly actions?: Readonly<Record<string, () => Promise<unknown>>>;
  /** Of all shells. */
  readonly environment?: Readonly<Record<string, string>>;
};

/**
 * A guide that is being followed, step by step, as its reader would. With LARDER_TEST_SHOW=1 what commands print is
 * shown, for whoever writes one.
 */
export class GuideRun {
  readonly #guide: string;
  readonly #lab: GuideLab;
  readonly #shells = new Map<string, HostShell>();
  readonly #daemons: { readonly host: string; readonly daemon: LabDaemon }[] = [];

  constructor(guide: string, lab: GuideLab) {
    this.#guide = guide;
    this.#lab = lab;
  }

  /** Does what a step says. Throws when it cannot be done, or does not do what the guide says that it does. */
  async follow(step: Step): Promise<void> {
    switch (step.kind) {
      case "commands":
        return this.#runCommands(step);
      case "daemon":
        return this.#startDaemon(step);
      case "file":
        return this.#writeFile(step);
      case "action":
        return this.#act(step);
      case "shown":
        return;
      default:
        step satisfies never;
    }
  }

  async #runCommands(step: Step & { kind: "commands" }): Promise<void> {
    const { status, output } = await this.#shell(step).run(step.text);
    if (process.env["LARDER_TEST_SHOW"] === "1") console.log(`${step.host}$ ${step.text}${output}`);
    if (status !== step.status)
      throw this.#mistake(
        step,
        `status ${status} of\n${step.text}\nwhich printed\n${output}${this.#heardOf(step.host)}`,
      );
    if (step.output !== null && !outputMatches(step.output, output))
      throw this.#mistake(step, `\n${step.text}\nprinted\n${output}\nand not what the guide shows:\n${step.output}`);
  }

  async #startDaemon(step: Step & { kind: "daemon" }): Promise<void> {
    const daemon = await this.#shell(step).start(step.text);
    this.#daemons.push({ host: step.host, daemon });
    const isReady = async () => outputHas(step.output, daemon.output());
    await daemon.until(isReady, READY_TIMEOUT_MS).catch((error: unknown) => {
      throw this.#mistake(step, `${(error as Error).message}\nand not what the guide shows:\n${step.output}`);
    });
  }

  async #writeFile(step: Step & { kind: "file" }): Promise<void> {
    const path = await this.#shell(step).resolve(step.path);
    // By a program on the host: it may be in a folder that only the host sees.
    const write = ["sh", "-c", 'mkdir -p "$1" && cat >"$2"', "sh", dirname(path), path];
    await this.#host(step).exec(write, { input: step.text });
  }

  async #act(step: Step & { kind: "action" }): Promise<void> {
    const action = this.#lab.actions?.[step.action];
    if (action !== undefined) return void (await action());
    const host = /^stop (\S+)$/.exec(step.action)?.[1];
    if (host === undefined || this.#lab.hosts[host] === undefined)
      throw this.#mistake(step, `nobody here knows how to ${step.action}`);
    await this.#stop(step, host);
  }

  /** What Ctrl-C does. */
  async #stop(step: Step, host: string): Promise<void> {
    const running = this.#daemons.filter((each) => each.host === host);
    if (running.length === 0) throw this.#mistake(step, `nothing runs on ${host}`);
    for (const each of running) {
      this.#daemons.splice(this.#daemons.indexOf(each), 1);
      const status = await each.daemon.stop();
      if (status !== 0) throw this.#mistake(step, `status ${status} at the end of\n${each.daemon.output()}`);
    }
  }

  #host(step: Step & { readonly host: string }): LabHost {
    const host = this.#lab.hosts[step.host];
    if (host === undefined) throw this.#mistake(step, `there is no host ${step.host}`);
    return host;
  }

  #shell(step: Step & { readonly host: string }): HostShell {
    const known = this.#shells.get(step.host);
    if (known !== undefined) return known;
    const shell = new HostShell(this.#host(step), this.#lab.environment);
    this.#shells.set(step.host, shell);
    return shell;
  }

  /** The last words of what runs on a host, for a message. */
  #heardOf(host: string): string {
    const said = this.#daemons.filter((each) => each.host === host).map(({ daemon }) => daemon.output().slice(-2000));
    return said.length === 0 ? "" : `\nand what runs there printed last\n${said.join("\n")}`;
  }

  #mistake(step: Step, what: string): GuideMistake {
    return new GuideMistake(this.#guide, step.line, what);
  }
}
