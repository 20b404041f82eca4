/**
 * bcrypt hashes: `$2y$10$` (htpasswd's; also `$2a$`, `$2b$`), 22 characters of salt, 31 of the hash.
 *
 * Source: crypt(5), "bcrypt".
 */

const FORM = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** bcrypt reads no more of a password; the runtime would hash longer ones first, which htpasswd does not. */
const PASSWORD_BYTES = 72;
const COSTS = { least: 4, most: 17 };

/** The cost of a hash, the power of two of its rounds; null for what is no bcrypt hash, or would take seconds to compare. */
export function bcryptCost(hash: string): number | null {
  const cost = Number(FORM.exec(hash)?.[1] ?? Number.NaN);
  return cost >= COSTS.least && cost <= COSTS.most ? cost : null;
}

/** Is it the password of this hash? Compared away from the event loop, in constant time. */
export async function verifyBcrypt(password: string, hash: string): Promise<boolean> {
  const bytes = Buffer.from(password, "utf8");
  // The algorithm ends at a zero byte: what is behind one would not count.
  const isWhole = !bytes.includes(0);
  const isRight = await Bun.password.verify(
    isWhole && bytes.length > 0 ? bytes.subarray(0, PASSWORD_BYTES) : "-",
    hash,
  );
  return isRight && isWhole && bytes.length > 0;
}

/** A hash that no password is compared with for its answer, but for the time that this takes. */
export function unmatchableHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, "0")}$HkZ3BK6P5oX5oxpaTETQ5O1axwdFzA1ZJlybAIwcFRGo1BQRnAI52`;
}
