const [ENTER, NEW_LINE, INTERRUPT, END, BACKSPACE, DELETE, KILL] = ["\r", "\n", "\x03", "\x04", "\b", "\x7f", "\x15"];

/**
 * Asks the person at the terminal of descriptor 0 for a secret, which is not shown. Rejects with the signal's reason when that
 * fires. What is typed behind the line's end is kept for nobody.
 */
export async function askSecret(question: string, write: (text: string) => void, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  // The process's own: a second one of the same descriptor would take it away at its end.
  const terminal = process.stdin;
  const line = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let typed = "";
  const take = (chunk: Buffer): void => {
    for (const key of decoder.decode(chunk, { stream: true })) {
      if (key === ENTER || key === NEW_LINE || key === END) return line.resolve(typed);
      // As the terminal itself would, were it not raw.
      if (key === INTERRUPT) process.kill(process.pid, "SIGINT");
      else if (key === BACKSPACE || key === DELETE) typed = Array.from(typed).slice(0, -1).join("");
      else if (key === KILL) typed = "";
      else typed += key;
    }
  };
  const giveUp = (): void => line.reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  terminal.setRawMode(true);
  terminal.on("data", take);
  terminal.resume();
  write(question);
  try {
    return await line.promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
    terminal.off("data", take);
    terminal.setRawMode(false);
    terminal.pause();
    write("\n");
  }
}
