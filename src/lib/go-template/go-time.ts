/** Go's layouts of dates and times. Source: Go 1.26, package time. */

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** The pieces that stand for parts of a time, longest first where one begins another. */
const PIECES =
  /January|Jan|Monday|Mon|MST|2006|__2|002|01|02|03|04|05|06|15|PM|pm|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|_2(?!006)|1|2|3|4|5/g;

/** The time, in UTC, as `layout` asks for it. */
export function formatTime(layout: string, time: Date): string {
  return layout.replace(PIECES, (piece) => formatPiece(piece, time));
}

function formatPiece(piece: string, time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const hour = time.getUTCHours();
  switch (piece) {
    case "2006":
      return String(time.getUTCFullYear()).padStart(4, "0");
    case "06":
      return two(time.getUTCFullYear() % 100);
    case "January":
      return MONTHS[time.getUTCMonth()] ?? "";
    case "Jan":
      return (MONTHS[time.getUTCMonth()] ?? "").slice(0, 3);
    case "01":
      return two(time.getUTCMonth() + 1);
    case "1":
      return String(time.getUTCMonth() + 1);
    case "Monday":
      return DAYS[time.getUTCDay()] ?? "";
    case "Mon":
      return (DAYS[time.getUTCDay()] ?? "").slice(0, 3);
    case "02":
      return two(time.getUTCDate());
    case "2":
      return String(time.getUTCDate());
    case "_2":
      return String(time.getUTCDate()).padStart(2);
    case "__2":
      return String(dayOfYear(time)).padStart(3);
    case "002":
      return String(dayOfYear(time)).padStart(3, "0");
    case "15":
      return two(hour);
    case "03":
      return two(hour % 12 || 12);
    case "3":
      return String(hour % 12 || 12);
    case "04":
      return two(time.getUTCMinutes());
    case "4":
      return String(time.getUTCMinutes());
    case "05":
      return two(time.getUTCSeconds());
    case "5":
      return String(time.getUTCSeconds());
    case "PM":
      return hour < 12 ? "AM" : "PM";
    case "pm":
      return hour < 12 ? "am" : "pm";
    case "MST":
      return "UTC";
    default:
      return formatRest(piece, time);
  }
}

function formatRest(piece: string, time: Date): string {
  if (piece.startsWith("Z")) return "Z";
  if (piece.startsWith("-")) return `+${piece.slice(1).replaceAll("7", "0")}`;
  const digits = String(time.getUTCMilliseconds())
    .padStart(3, "0")
    .padEnd(9, "0")
    .slice(0, piece.length - 1);
  if (piece[1] === "0") return `${piece[0]}${digits}`;
  const kept = digits.replace(/0+$/, "");
  return kept === "" ? "" : `${piece[0]}${kept}`;
}

function dayOfYear(time: Date): number {
  return Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

/** What each piece of a layout matches, and the part of the time that it gives. */
const READERS: Readonly<Record<string, readonly [string, string]>> = {
  "2006": ["\\d{4}", "year"],
  "06": ["\\d{2}", "shortYear"],
  January: [MONTHS.join("|"), "monthName"],
  Jan: [MONTHS.map((name) => name.slice(0, 3)).join("|"), "monthName"],
  "01": ["\\d{2}", "month"],
  "1": ["\\d{1,2}", "month"],
  Monday: [DAYS.join("|"), ""],
  Mon: [DAYS.map((name) => name.slice(0, 3)).join("|"), ""],
  "02": ["\\d{2}", "day"],
  "2": ["\\d{1,2}", "day"],
  _2: [" ?\\d{1,2}", "day"],
  "15": ["\\d{2}", "hour"],
  "03": ["\\d{2}", "hour"],
  "3": ["\\d{1,2}", "hour"],
  "04": ["\\d{2}", "minute"],
  "4": ["\\d{1,2}", "minute"],
  "05": ["\\d{2}(?:[.,]\\d{1,9})?", "second"],
  "5": ["\\d{1,2}(?:[.,]\\d{1,9})?", "second"],
  PM: ["AM|PM", "half"],
  pm: ["am|pm", "half"],
  MST: ["[A-Z]{3,4}", ""],
};

/** Reads a time that is written as `layout` says; null when it is not. */
export function parseTime(layout: string, text: string): Date | null {
  const parts: string[] = [];
  let pattern = "";
  let at = 0;
  const literal = (end: number) => layout.slice(at, end).replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
  for (const found of layout.matchAll(PIECES)) {
    const piece = found[0];
    const zone = /^(?:Z|-)07/.test(piece);
    const reader = zone
      ? ([piece.startsWith("Z") ? "Z|[+-]\\d{2}:?\\d{2}" : "[+-]\\d{2}:?\\d{2}", "zone"] as const)
      : READERS[piece];
    if (reader === undefined && !/^[.,]/.test(piece)) return null;
    pattern += literal(found.index) + (reader === undefined ? "(?:[.,]\\d{1,9})?" : `(${reader[0]})`);
    if (reader !== undefined) parts.push(reader[1]);
    at = found.index + piece.length;
  }
  const found = new RegExp(`^${pattern}${literal(layout.length)}$`, "i").exec(text);
  return found === null ? null : timeOf(new Map(parts.map((part, index) => [part, found[index + 1] ?? ""])));
}

function timeOf(parts: ReadonlyMap<string, string>): Date | null {
  const number = (name: string, fallback: number) =>
    Number((parts.get(name) ?? String(fallback)).trim().replace(",", "."));
  const short = parts.get("shortYear");
  const year = short === undefined ? number("year", 0) : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const name = parts.get("monthName")?.slice(0, 3).toLowerCase();
  const month =
    name === undefined ? number("month", 1) : MONTHS.findIndex((known) => known.slice(0, 3).toLowerCase() === name) + 1;
  const half = parts.get("half")?.toLowerCase();
  const hour = half === undefined ? number("hour", 0) : (number("hour", 0) % 12) + (half === "pm" ? 12 : 0);
  const zone = /^([+-])(\d{2}):?(\d{2})$/.exec(parts.get("zone") ?? "");
  const offsetMinutes = zone === null ? 0 : (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3]));
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, number("day", 1));
  time.setUTCHours(hour, number("minute", 0) - offsetMinutes, 0, Math.round(number("second", 0) * 1000));
  return Number.isNaN(time.getTime()) ? null : time;
}
