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
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([kmgt]i?|)b?$/i.exec(text);
  if (match === null) return null;
  return Math.round(Number(match[1]) * (UNITS[(match[2] ?? "").toLowerCase()] ?? 1));
}
