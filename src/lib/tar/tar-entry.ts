/**
 * What one member of a tar archive is.
 *
 * `readTar` turns an archive into members, `writeTar` turns members into an archive. Both stream: a body is read when
 * somebody asks for it, and never held. Sources: POSIX.1-2017 pax ("ustar" and "pax" interchange formats), GNU tar 1.34
 * manual, "Basic Tar Format" and "Storing Sparse Files"; libarchive's tar(5).
 *
 * Paths, link targets and names of owners are bytes in an archive. Here they are strings that lose nothing: see
 * `decodeText` in text-bytes.ts.
 */
export type TarEntryType = "file" | "directory" | "symlink" | "hardlink" | "character-device" | "block-device" | "fifo";

/** A point in time: whole seconds since 1970 (negative before), and 0 to 999,999,999 nanoseconds after that second. */
export type TarTime = { readonly seconds: number; readonly nanoseconds: number };

/** All that an archive says of a member, its content aside. */
export type TarEntry = {
  /** As it stands in the archive: it may begin with `/` or `./`, hold `..`, and end with `/`. Nothing is checked. */
  readonly path: string;
  readonly type: TarEntryType;
  /** The permission bits with set-user-ID, set-group-ID and sticky: at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  readonly modifiedAt: TarTime;
  /** Bytes of content; 0 for everything but files. A sparse file's size counts its holes. */
  readonly size: number;
  /** What a symlink or a hard link points to, as it stands in the archive; empty for the other types. */
  readonly linkTarget: string;
  /** 0 but for devices. */
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes (`SCHILY.xattr.*`) by name, in the archive's order. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
};

/** A member as `writeTar` takes it; `body` must give exactly `entry.size` bytes and is null when that is 0. */
export type TarMember = {
  readonly entry: TarEntry;
  readonly body: AsyncIterable<Uint8Array> | null;
};

/** The start of 1970. */
export const EPOCH: TarTime = { seconds: 0, nanoseconds: 0 };

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

/** An entry of which only some properties matter: owned by root, of 1970, mode 0755 for directories and 0644 else. */
export function tarEntry(path: string, type: TarEntryType, properties: Partial<TarEntry> = {}): TarEntry {
  return {
    mode: type === "directory" ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    userName: "",
    groupName: "",
    modifiedAt: EPOCH,
    size: 0,
    linkTarget: "",
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: NO_XATTRS,
    ...properties,
    path,
    type,
  };
}
