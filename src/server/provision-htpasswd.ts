import { randomBytes } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../lib/files/system-error.ts";
import type { Log } from "../telemetry/log.ts";

/**
 * Makes an htpasswd file that is not there, with the user docker and a password by chance, which the log tells this once: so
 * registry:2 does it. One that is there stays as it is. Throws what the attempt failed with.
 */
export async function provisionHtpasswd(path: string, log: Log): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, "wx", 0o600).catch((error: unknown) => {
    if (codeOf(error) === "EEXIST") return null;
    throw error;
  });
  if (file === null) return;
  try {
    const password = randomBytes(24).toString("base64url");
    await file.writeFile(`docker:${await Bun.password.hash(password, { algorithm: "bcrypt", cost: 10 })}\n`);
    await file.sync();
    log.write("warning", "htpasswd is missing, provisioning with default user", { path, user: "docker", password });
  } finally {
    await file.close();
  }
}
