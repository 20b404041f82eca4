const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** Reads `500MB`, `10GB`, `1.5TiB`, `4096` as bytes, the B and upper case being a matter of taste; null when it is none. */
export function tryParseByteSize(text: string): number | null {
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([kmgt]i?|)b?$/i.exec(text);
  if (match === null) return null;
  return Math.round(Number(match[1]) * (UNITS[(match[2] ?? "").toLowerCase()] ?? 1));
}

/** As `tryParseByteSize` reads it: `10GB`, `1.5TB`, `4096`. The unit is the largest that needs no more than one decimal. */
export function formatByteSize(bytes: number): string {
  for (const unit of ["t", "g", "m", "k"] as const) {
    const count = bytes / (UNITS[unit] ?? 1);
    if (count >= 1 && Number.isInteger(count * 10)) return `${count}${unit === "k" ? unit : unit.toUpperCase()}B`;
  }
  return String(bytes);
}
