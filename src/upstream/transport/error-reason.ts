import * as v from "valibot";
import { readPieces } from "./response-body.ts";
import type { HttpResponse } from "./transport.ts";

const READ_BYTES = 16 * 1024;
const LONGEST_REASON = 300;
const LONGEST_CODE = 64;
const ERRORS_LIMIT = 10;

/** What a registry says of a failure. `codes` are those of the distribution specification; `text` is empty without any. */
export type ErrorReason = { readonly codes: readonly string[]; readonly text: string };

const registryErrors = v.object({
  errors: v.array(v.object({ code: v.optional(v.string(), "UNKNOWN"), message: v.optional(v.string(), "") })),
});
/** Token services, and proxies, each have a word of their own for it. */
const otherErrors = v.object({
  error_description: v.optional(v.string()),
  details: v.optional(v.string()),
  detail: v.optional(v.string()),
  message: v.optional(v.string()),
  error: v.optional(v.string()),
});

/**
 * Reads what the body of a failure says, in one line of visible characters, 300 at most: the specification's JSON, any
 * other, plain text, or a page of a proxy. Never fails: the status says what matters. Source: distribution-spec v1.1.1,
 * "Error Codes".
 */
export async function readErrorReason(response: HttpResponse): Promise<ErrorReason> {
  const body = await readStart(response);
  const json = parseJson(body);
  if (json === undefined) {
    // Half a JSON document tells nobody anything.
    return { codes: [], text: /^\s*[{[]/.test(body) ? "" : oneLine(withoutMarkup(body)) };
  }
  const ours = v.safeParse(registryErrors, json);
  if (ours.success) {
    const errors = ours.output.errors.slice(0, ERRORS_LIMIT);
    const text = errors.map(({ code, message }) => `${code} ${message}`.trim()).join("; ");
    return { codes: errors.map(({ code }) => code.slice(0, LONGEST_CODE)), text: oneLine(text) };
  }
  const others = v.safeParse(otherErrors, json);
  return { codes: [], text: others.success ? oneLine(Object.values(others.output).find(Boolean) ?? "") : "" };
}

/** The beginning of a body, as much as is looked at. */
async function readStart({ body }: HttpResponse): Promise<string> {
  const pieces: Uint8Array[] = [];
  try {
    const take = (piece: Uint8Array) => void pieces.push(piece);
    if (body !== null) await readPieces(body, { limitBytes: READ_BYTES, what: "the error" }, take);
  } catch {
    // One that is long or breaks off has said enough.
  }
  return new TextDecoder().decode(Buffer.concat(pieces).subarray(0, READ_BYTES));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The title of a page, or its text. */
function withoutMarkup(text: string): string {
  if (!text.trimStart().startsWith("<")) return text;
  const title = /<title[^>]*>([^<]*[^<\s][^<]*)</i.exec(text)?.[1];
  if (title !== undefined) return unescaped(title);
  const spoken = text
    .replaceAll(/<(script|style)\b[^]*?(?:<\/\1[^>]*>|$)/gi, " ")
    .replaceAll(/<!--[^]*?(?:-->|$)/g, " ");
  return unescaped(spoken.replaceAll(/<[^>]*(?:>|$)/g, " "));
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " };

function unescaped(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name] ?? " ");
}

/** Without what is invisible, and without credentials that were sent back. */
function oneLine(text: string): string {
  return text
    .slice(0, READ_BYTES)
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .replaceAll(/\b(Bearer|Basic) [\w+/=.~-]{8,}/gi, "$1 …")
    .trim()
    .slice(0, LONGEST_REASON)
    .replace(/\p{Cs}$/u, ""); // Half of a character, where the cut was.
}
