import type { AnswerOf, DocumentId, InputOf, LinesId } from "../../admin/contract.ts";
import type { Asker } from "../exchange.ts";

/** Work whose progress is sent line by line. */
export type LineWork<Event> = {
  /** The last event is what it returns. */
  readonly work: (tell: (event: Event) => void) => Promise<Event>;
  /** Called when the client has left; without it the work goes on. */
  readonly onLeave?: () => void;
};

/**
 * A function for each operation of the admin API. `signal` fires when the client has left; `cause` is who asks. They
 * throw RegistryErrors.
 */
export type AdminActions = {
  readonly [Id in DocumentId]: (input: InputOf<Id>, signal: AbortSignal, cause: Asker) => Promise<AnswerOf<Id>>;
} & {
  readonly [Id in LinesId]: (input: InputOf<Id>, signal: AbortSignal, cause: Asker) => Promise<LineWork<AnswerOf<Id>>>;
};
