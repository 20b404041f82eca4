/**
 * What a program or a library of Linux says that it needs: its loader (PT_INTERP) and the libraries that this one brings
 * (DT_NEEDED). Source: System V ABI, "ELF header", "Program header", "Dynamic section"; 64 bits, little-endian, as both of
 * larder's processors have it.
 */
export type ElfNeeds = { readonly interpreter: string | null; readonly libraries: readonly string[] };

const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const;
const TAG = { end: 0, needed: 1, strings: 5 } as const;

type Segment = { readonly type: number; readonly offset: number; readonly address: number; readonly size: number };

/** Reads what an ELF file needs. Throws an Error for what is no such file. */
export function readElfNeeds(file: Uint8Array): ElfNeeds {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint16(4) !== 0x0201) throw new Error("this is no 64-bit ELF file");
  const segments = readSegments(view);
  const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  return {
    interpreter: interpreter === undefined ? null : textAt(file, interpreter.offset),
    libraries: dynamic === undefined ? [] : librariesOf(file, view, segments, dynamic),
  };
}

function readSegments(view: DataView): readonly Segment[] {
  const [start, entryBytes, count] = [wordAt(view, 32), view.getUint16(54, true), view.getUint16(56, true)];
  return Array.from({ length: count }, (_, number) => {
    const at = start + number * entryBytes;
    return {
      type: view.getUint32(at, true),
      offset: wordAt(view, at + 8),
      address: wordAt(view, at + 16),
      size: wordAt(view, at + 32),
    };
  });
}

function librariesOf(
  file: Uint8Array,
  view: DataView,
  segments: readonly Segment[],
  { offset, size }: Segment,
): readonly string[] {
  const needed: number[] = [];
  let strings = 0;
  for (let at = offset; at < offset + size; at += 16) {
    const [tag, value] = [wordAt(view, at), wordAt(view, at + 8)];
    if (tag === TAG.end) break;
    if (tag === TAG.needed) needed.push(value);
    if (tag === TAG.strings) strings = offsetOf(value, segments);
  }
  return needed.map((name) => textAt(file, strings + name));
}

/** Where the file has what is at this address when it runs. */
function offsetOf(address: number, segments: readonly Segment[]): number {
  const holder = segments.find(
    (one) => one.type === SEGMENT.load && address >= one.address && address < one.address + one.size,
  );
  if (holder === undefined) throw new Error(`no segment of the ELF file has the address ${address}`);
  return address - holder.address + holder.offset;
}

function wordAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function textAt(file: Uint8Array, start: number): string {
  return new TextDecoder().decode(file.subarray(start, file.indexOf(0, start)));
}
