import { shellQuote } from "../../clients/quote.ts";

/** Is a page run as it comes? */
export function isScript(page: string): boolean {
  return page.endsWith(".sh");
}

/** Where a script is asked for, whatever comes is run: so the message is a script that says it and fails. */
export function failure(page: string, status: number, message: string, headers: Record<string, string> = {}): Response {
  const line = `larder: ${message}`;
  const body = isScript(page) ? `printf '%s\\n' ${shellQuote(line)} >&2\nexit 1\n` : `${line}\n`;
  return new Response(body, {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", ...headers },
  });
}
