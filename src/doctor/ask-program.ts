/** What a program of this machine prints; null when it is not there, or fails. */
export type AskProgram = (argv: readonly string[]) => Promise<string | null>;
