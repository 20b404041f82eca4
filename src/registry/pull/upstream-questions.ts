import type { SingleFlight } from "../../lib/async/single-flight.ts";
import { within } from "../../lib/async/within.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { Repository } from "../../oci/repository.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { PullContext } from "./origin.ts";
import type { RecentFailures } from "./recent-failures.ts";

/** How long a client waits for what upstream alone can have. Its connection is closed after 60 s without an answer. */
const PATIENCE_MS = 45_000;
/** The same where it is only a guess that upstream has it. */
const GUESS_PATIENCE_MS = 8000;
/** The same for one who looks before it pushes. */
const PUSH_PATIENCE_MS = 4000;
/** The same for everybody, after another question was waited for in vain. */
const SLOW_PATIENCE_MS = 3000;
/** The same where there is another answer to give. */
const SPARE_PATIENCE_MS = 3000;

/** Another answer, for when upstream's does not come: what it is for what reason, and how the log calls it. */
type SpareAnswer<T> = { readonly of: (reason: string) => T; readonly outcome: string };

const TOLD = "the client is told so";

/**
 * Asks upstream for clients, each of whom waits a limited time, and not at all after a recent failure. A question goes
 * on when its clients have stopped waiting; later ones share it.
 */
export class UpstreamQuestions {
  readonly #failures: RecentFailures;

  constructor(failures: RecentFailures) {
    this.#failures = failures;
  }

  /** The outcome of `work` for `name` (full, with tag or digest), shared by all who ask at the same time. */
  async ask<T>(
    repository: Repository,
    name: string,
    context: PullContext,
    flights: SingleFlight<string, T>,
    work: () => Promise<T>,
  ): Promise<T> {
    await this.assertHope(repository, name, context);
    return this.waitFor(
      flights.run(name, () => this.#watch(repository, name, work(), TOLD, saysOfOthers(context))),
      repository,
      name,
      context,
    );
  }

  /**
   * As `ask`, for one who has another answer: that is given when `work` fails or does not come soon; at once where so many
   * waited in vain that one more need not. The question is listened to all the same, for those who come later.
   */
  async askBeside<T, Spare>(
    repository: Repository,
    name: string,
    flights: SingleFlight<string, T>,
    work: () => Promise<T>,
    spare: SpareAnswer<Spare>,
  ): Promise<T | Spare> {
    const { namespace } = repository;
    const failure = this.#failures.find(namespace, name);
    if (failure !== null) return spare.of(failure.message);
    const instead = (error: unknown): Spare => {
      // That the machine's names lead back to larder is to be told.
      if (!(error instanceof UpstreamError) || error.failure.kind === "loop") throw error;
      return spare.of(error.message);
    };
    const asked: Promise<T | Spare> = flights
      .run(name, () => this.#watch(repository, name, work(), spare.outcome, true))
      .catch(instead);
    const isSilent = this.#failures.isSilent(namespace);
    return within(asked, isSilent ? 0 : SPARE_PATIENCE_MS, () => {
      const what = isSilent ? "is asked, and has left many questions unanswered" : "took over 3 s";
      const slow = new UpstreamError({ kind: "timeout", waiting: "header" }, `upstream ${what}`);
      this.#failures.note(namespace, name, slow, spare.outcome);
      return spare.of(slow.message);
    });
  }

  /** Throws the failure that stands against asking now. */
  async assertHope({ namespace }: Repository, name: string, context: PullContext): Promise<void> {
    const failure = (await isHasty(context))
      ? this.#failures.find(namespace, name)
      : this.#failures.findWaited(namespace, name);
    if (failure !== null) throw failure;
  }

  /** Remembers how the question ends. */
  watch<T>(repository: Repository, name: string, question: Promise<T>): Promise<T> {
    return this.#watch(repository, name, question, TOLD, true);
  }

  /** `outcome` says for the log what becomes of the question when it fails. */
  async #watch<T>(
    { namespace }: Repository,
    name: string,
    question: Promise<T>,
    outcome: string,
    isOfOthers: boolean,
  ): Promise<T> {
    try {
      const answer = await question;
      this.#failures.forget(namespace, name);
      return answer;
    } catch (error) {
      if (error instanceof UpstreamError) this.#failures.note(namespace, name, error, outcome, isOfOthers);
      throw error;
    }
  }

  /**
   * Waits for the answer, for as long as it is worth. Throws a `timeout` failure when it takes longer; `waiting` says then
   * what has not come.
   */
  async waitFor<T>(
    question: Promise<T>,
    { namespace }: Repository,
    name: string,
    context: PullContext,
    waiting: () => "header" | "body" = () => "header",
  ): Promise<T> {
    question.catch(() => {}); // It is waited for in a moment.
    const patienceMs = await this.#patienceMs(namespace, context);
    return within(question, patienceMs, () => {
      const missing = waiting();
      const did = missing === "header" ? "has not answered" : "has answered, and sent nothing of it";
      const slow = new UpstreamError(
        { kind: "timeout", waiting: missing },
        `${namespace} ${did} within ${patienceMs / 1000} s`,
      );
      this.#failures.note(namespace, name, slow, TOLD, saysOfOthers(context));
      throw slow;
    });
  }

  async #patienceMs(namespace: Namespace, context: PullContext): Promise<number> {
    if (this.#failures.isSlow(namespace)) return SLOW_PATIENCE_MS;
    if ((await context.isPush?.()) === true) return PUSH_PATIENCE_MS;
    return context.isGuess === true ? GUESS_PATIENCE_MS : PATIENCE_MS;
  }
}

/**
 * Does a question that gets no answer speak against the registry? One for what is seldom there does not: each image has
 * several of them, and a registry that is slow to say no would be taken for silent after a single image.
 */
function saysOfOthers(context: PullContext): boolean {
  return context.isSeldomThere !== true;
}

/** Is the question not worth waiting for a registry that has just let others wait? */
async function isHasty(context: PullContext): Promise<boolean> {
  return context.isGuess === true || (await context.isPush?.()) === true;
}
