/** A request's body, and what it is. */
export type Message = { readonly contentType: string; readonly body: string };

/** Who sends notifications. */
export type Sender = {
  /** The machine's name and the port that larder listens on: `registry.lan:5000`. */
  readonly addr: string;
  /** This process. */
  readonly instanceId: string;
};
