import type { Operation } from "../../admin/operation.ts";
import type { NewAuditEntry } from "../../storage/audit.ts";
import type { Asker } from "../exchange.ts";

/** Longer texts are content, of which the log is not to tell. */
const TEXT_LIMIT = 200;

/**
 * The audit entry of an operation that was done with this input; null when it has none. What is named comes from the path or the
 * body, by its usual words; the rest that is said in few words is the detail.
 */
export function auditEntryOf(
  id: string,
  { audited, action, method }: Operation,
  input: Readonly<Record<string, unknown>>,
  { who, from, requestId }: Asker,
  atMs: number,
): NewAuditEntry | null {
  if (audited === false || action !== "administer" || method === "GET") return null;
  // Who only asks what would go changes nothing.
  if (input["dryRun"] === true) return null;
  const subject = [input["image"], input["pin"], input["name"]].find((value) => typeof value === "string");
  const told = Object.entries(input).filter(([, value]) => value !== subject && isShort(value));
  const detail = told.map(([key, value]) => `${key}=${String(value)}`).join(" ");
  return {
    atMs,
    action: audited ?? kebab(id),
    subject: typeof subject === "string" ? subject : null,
    detail: detail === "" ? null : detail,
    who,
    from,
    requestId,
  };
}

function isShort(value: unknown): boolean {
  return (
    typeof value === "boolean" || typeof value === "number" || (typeof value === "string" && value.length <= TEXT_LIMIT)
  );
}

/** `runRetention` as `run-retention`. */
function kebab(id: string): string {
  return id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
