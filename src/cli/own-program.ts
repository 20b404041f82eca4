/** How this very program is started again: the one file that it was compiled to, or Bun with its flags and `main.ts`. */
export function ownProgram(): readonly string[] {
  const isCompiled = Bun.main.startsWith("/$bunfs/");
  return isCompiled ? [process.execPath] : [process.execPath, ...process.execArgv, Bun.main];
}
