/** Work whose progress is sent line by line. */
export type LineWork<Event> = {
  /** The last event is what it returns. */
  readonly work: (tell: (event: Event) => void) => Promise<Event>;
  /** Called when the client has left; without it the work goes on. */
  readonly onLeave?: () => void;
};
