import { parseProgramName, PROGRAM_FILES } from "../../clients/programs/program-name.ts";
import type { ProgramShelf } from "../../clients/programs/program-shelf.ts";
import { openFileRanges } from "../../lib/files/open-file-ranges.ts";
import type { ByteRange } from "../../lib/text/byte-range.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Exchange } from "../exchange.ts";
import { sendContent } from "../send-content.ts";

/** Is a page of `/client/` a program, or was it meant to be one? */
export function isProgramPage(page: string): boolean {
  return page.startsWith("larder");
}

/**
 * Answers for `/client/larder-linux-amd64` with larder's own program for that kind of machine, in whole or in part, its hash
 * in `ETag` and `Repr-Digest` (RFC 9530); with `.sha256` behind it, with the line that `sha256sum -c` reads. Throws
 * RegistryError when there is none.
 */
export async function programReply(exchange: Exchange, page: string, shelf: ProgramShelf): Promise<Response> {
  const asked = page.replace(/\.sha256$/, "");
  const name = parseProgramName(asked);
  if (name === null) throw new RegistryError("NAME_UNKNOWN", `say for which machine: ${PROGRAM_FILES.join(", ")}`);
  const program = await shelf.find(name);
  if (program === null) throw new RegistryError("NAME_UNKNOWN", await absence(name.file, shelf));
  if (asked !== page) return textReply(`${program.sha256}  ${asked}\n`);
  const { path, sizeBytes, sha256 } = program;
  const file = Bun.file(path);
  return sendContent(exchange, {
    sizeBytes,
    tag: sha256,
    headers: {
      "Content-Type": "application/octet-stream",
      // Another version may be here tomorrow: who has it asks whether it is still this one.
      "Cache-Control": "no-cache, no-transform",
      "Repr-Digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
    },
    noun: "file",
    isHere: true,
    read: (range: ByteRange | null) => file.slice(range?.start ?? 0, range?.end ?? sizeBytes),
    open: () => openFileRanges(path),
  });
}

async function absence(file: string, shelf: ProgramShelf): Promise<string> {
  const here = await shelf.list();
  const others = here.length === 0 ? "it has none for other machines" : `it has ${here.join(", ")}`;
  return `this larder does not have ${file} (${others}); whoever runs it puts that file of the same release beside the program, or into /usr/share/larder/client; in a checkout, npm run build makes it`;
}

function textReply(text: string): Response {
  return new Response(text, { headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache" } });
}
