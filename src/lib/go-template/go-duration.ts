/** Go's durations, in seconds. Source: Go 1.26, package time. */

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Reads `1h30m`, `-1.5s`, `0`; null when it is no duration. */
export function parseDuration(text: string): number | null {
  if (/^[+-]?0$/.test(text)) return 0;
  const parts = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text);
  if (parts === null) return null;
  let seconds = 0;
  for (const [, count, unit = ""] of (parts[2] ?? "").matchAll(/([\d.]+)([a-zµμ]+)/g))
    seconds += Number(count) * (UNITS[unit] ?? 0);
  return parts[1] === "-" ? -seconds : seconds;
}

/** As Go prints it: `1h30m0s`. */
export function formatDuration(seconds: number): string {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? "-" : "";
  if (size === 0) return "0s";
  if (size < 1) {
    const [unit, factor] = size < 1e-6 ? ["ns", 1e9] : size < 1e-3 ? ["µs", 1e6] : ["ms", 1e3];
    return `${sign}${Number((size * factor).toPrecision(12))}${unit}`;
  }
  const [hours, minutes] = [Math.floor(size / 3600), Math.floor((size % 3600) / 60)];
  const rest = `${Number((size % 60).toFixed(9))}s`;
  return sign + (hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest);
}
