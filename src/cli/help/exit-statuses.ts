/** What each exit status says, in the order of their numbers. */
export const EXIT_STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ["0", "done; of a question: yes"],
  ["1", "it failed; of a question: no"],
  ["2", "it was called wrongly: an unknown verb or option, a value that says nothing"],
  ["3", "not all could be read, for those who insist on that (--strict)"],
  ["130", "interrupted by Ctrl-C (SIGINT)"],
  ["143", "ended by SIGTERM; larder serve ends with 0 then"],
];
