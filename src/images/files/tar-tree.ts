import type { FileHandle } from "node:fs/promises";
import { ByteReader } from "../../lib/tar/byte-reader.ts";
import { BLOCK_BYTES } from "../../lib/tar/header-block.ts";
import { type GlobalRecords, type MemberHead, readMemberHead } from "../../lib/tar/read-member-head.ts";
import { TarError } from "../../lib/tar/tar-error.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { FileTree } from "./file-tree.ts";
import { readFileRange } from "./read-file-range.ts";
import { streamFrom } from "./stream-from.ts";

/** More members than any image archive has: each takes memory. */
const MEMBER_LIMIT = 200_000;
const LINK_LIMIT = 16;
const HEAD_PIECE_BYTES = 4 * BLOCK_BYTES;

type Member =
  | { readonly kind: "file"; readonly start: number; readonly sizeBytes: number }
  | { readonly kind: "link"; readonly target: string };

/**
 * The members of an uncompressed tar file, read where they lie: nothing is unpacked. `close` closes `handle`; when this
 * fails the caller does.
 *
 * Links are followed inside the archive. Throws MANIFEST_INVALID when the file is no tar archive or is cut short, and
 * when it holds what no image's archive does: a path or a link that leads out of it, a device, a sparse file.
 */
export async function openTarTree(handle: FileHandle, location: string): Promise<FileTree> {
  const members = await readMembers(handle, location);
  return {
    location,
    open(path) {
      const member = follow(members, path, location);
      if (member === null) return Promise.resolve(null);
      const { start, sizeBytes } = member;
      const stream = (offset: number) =>
        Promise.resolve(streamFrom(readFileRange(handle, start + offset, sizeBytes - offset)));
      return Promise.resolve({ sizeBytes, stream });
    },
    close: () => handle.close(),
  };
}

async function readMembers(handle: FileHandle, location: string): Promise<ReadonlyMap<string, Member>> {
  const { size } = await handle.stat();
  const members = new Map<string, Member>();
  const globals: GlobalRecords = new Map();
  try {
    for (let position = 0; position < size; ) {
      const reader = new ByteReader(readFileRange(handle, position, size - position, HEAD_PIECE_BYTES));
      const head = await readMemberHead(reader, globals);
      await reader.close();
      if (head === null) break;
      const start = position + reader.offset;
      const there = Math.max(0, size - start);
      if (head.storedBytes > there) {
        const what = `${quoteBriefly(head.entry.path)} has ${head.storedBytes} bytes`;
        throw new TarError(`${what}, of which ${there} are there: it is cut short`);
      }
      const member = memberOf(head, start);
      if (member !== null)
        members.set(insidePath(head.entry.path, `the path ${quoteBriefly(head.entry.path)}`), member);
      if (members.size > MEMBER_LIMIT) throw new TarError(`it has more than ${MEMBER_LIMIT} members`);
      position = start + head.storedBytes + head.paddingBytes;
    }
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    throw new RegistryError("MANIFEST_INVALID", `the archive ${location} cannot be read: ${error.message}`, {
      cause: error,
    });
  }
  return members;
}

/** Null for a directory. Hard links name a member from the archive's top, symbolic links from where they stand. */
function memberOf({ entry, sparse }: MemberHead, start: number): Member | null {
  const { type, path, linkTarget } = entry;
  switch (type) {
    case "directory":
      return null;
    case "file":
      if (sparse !== null) throw new TarError(`${quoteBriefly(path)} is stored as a sparse file`);
      return { kind: "file", start, sizeBytes: entry.size };
    case "hardlink":
      return { kind: "link", target: insidePath(linkTarget, linkNamed(path, linkTarget)) };
    case "symlink": {
      const fromTop = linkTarget.startsWith("/")
        ? linkTarget
        : `${path.slice(0, path.lastIndexOf("/") + 1)}${linkTarget}`;
      return { kind: "link", target: insidePath(fromTop, linkNamed(path, linkTarget)) };
    }
    case "character-device":
    case "block-device":
    case "fifo":
      throw new TarError(`${quoteBriefly(path)} is a ${type}, which no image's archive holds`);
    default:
      return type satisfies never;
  }
}

function linkNamed(path: string, target: string): string {
  return `the link ${quoteBriefly(path)} to ${quoteBriefly(target)}`;
}

/** A member's path in its normal form. Throws a TarError that names `what` when it does not stay inside. */
function insidePath(path: string, what: string): string {
  const normal = path.startsWith("/") ? null : normalizePath(path);
  if (normal === null) throw new TarError(`${what} leads out of the archive`);
  return normal;
}

/** The file at `path`, through links; null when there is none. */
function follow(
  members: ReadonlyMap<string, Member>,
  path: string,
  location: string,
): (Member & { readonly kind: "file" }) | null {
  let member = members.get(path);
  for (let hops = 0; member?.kind === "link" && hops < LINK_LIMIT; hops += 1) member = members.get(member.target);
  if (member?.kind !== "link") return member ?? null;
  throw new RegistryError(
    "MANIFEST_INVALID",
    `${path} in the archive ${location} is a link that goes round in a circle`,
  );
}

/** The path without `.`, empty parts and `..`; null when it leads out at the top. */
export function normalizePath(path: string): string | null {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}
