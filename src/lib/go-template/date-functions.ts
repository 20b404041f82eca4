/**
 * Dates and durations in Helm's templates. Source: Sprig v3.3.0; Helm v4.3, pkg/engine. The time of rendering is a fixed
 * one: no image depends on it, and the same chart gives the same list.
 */
import { textArgument, toCount, toFloat, toInteger, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";
import { formatDuration, parseDuration } from "./go-duration.ts";
import { formatTime, parseTime } from "./go-time.ts";
import { CallFailure, TemplateObject, type TemplateValue } from "./template-value.ts";

const NOW_MILLISECONDS = Date.UTC(2026, 0, 1);

const modify: TemplateFunction = ([duration, time]) =>
  timeObject(new Date(timeOf(time).getTime() + (parseDuration(textArgument(duration)) ?? 0) * 1000));
const format: TemplateFunction = ([layout, time]) => formatTime(textArgument(layout), timeOf(time));
const html: TemplateFunction = ([time]) => formatTime("2006-01-02", timeOf(time));

/** Functions by name. */
export const DATE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  now: () => timeObject(new Date(NOW_MILLISECONDS)),
  date: format,
  dateInZone: format,
  date_in_zone: format,
  htmlDate: html,
  htmlDateInZone: html,
  dateModify: modify,
  date_modify: modify,
  must_date_modify: modify,
  toDate: ([layout, text]) =>
    timeObject(parseTime(textArgument(layout), textArgument(text)) ?? new Date("0001-01-01T00:00:00Z")),
  mustToDate: ([layout, text]) => {
    const time = parseTime(textArgument(layout), textArgument(text));
    if (time === null)
      throw new CallFailure(`${JSON.stringify(toText(text))} is no time written as ${JSON.stringify(toText(layout))}`);
    return timeObject(time);
  },
  unixEpoch: ([time]) => String(Math.floor(timeOf(time).getTime() / 1000)),
  ago: ([time]) => formatDuration(Math.round((NOW_MILLISECONDS - timeOf(time).getTime()) / 1000)),
  duration: ([seconds]) => formatDuration(typeof seconds === "number" ? 0 : toCount(seconds)),
  durationRound: ([duration]) => roundDuration(duration),

  mustToDuration: ([value]) => formatDuration(secondsOf(value)),
  durationSeconds: ([value]) => secondsOf(value),
  durationMilliseconds: ([value]) => BigInt(Math.trunc(secondsOf(value) * 1e3)),
  durationMicroseconds: ([value]) => BigInt(Math.trunc(secondsOf(value) * 1e6)),
  durationNanoseconds: ([value]) => BigInt(Math.trunc(secondsOf(value) * 1e9)),
  durationMinutes: ([value]) => secondsOf(value) / 60,
  durationHours: ([value]) => secondsOf(value) / 3600,
  durationDays: ([value]) => secondsOf(value) / 86_400,
  durationWeeks: ([value]) => secondsOf(value) / 604_800,
  durationRoundTo: ([value, to]) => multiple(secondsOf(value), secondsOf(to), Math.round),
  durationTruncateTo: ([value, to]) => multiple(secondsOf(value), secondsOf(to), Math.trunc),
};

/** Times as templates hold them: printed as Go prints them, with the methods that charts call. */
function timeObject(time: Date): TemplateObject {
  const part = (layout: string) => BigInt(formatTime(layout, time));
  const fields: readonly [string, TemplateValue][] = [
    ["Format", ([layout]) => formatTime(textArgument(layout), time)],
    ["Unix", BigInt(Math.floor(time.getTime() / 1000))],
    ["UnixNano", BigInt(time.getTime()) * 1_000_000n],
    ["UnixMilli", BigInt(time.getTime())],
    ["Year", part("2006")],
    ["Month", formatTime("January", time)],
    ["Day", part("2")],
    ["Hour", part("15")],
    ["Minute", part("4")],
    ["Second", part("5")],
    ["Weekday", formatTime("Monday", time)],
    ["YearDay", part("002")],
    ["UTC", () => timeObject(time)],
    ["Local", () => timeObject(time)],
    ["String", () => printTime(time)],
    ["AddDate", ([years, months, days]) => timeObject(addDate(time, toCount(years), toCount(months), toCount(days)))],
    ["Before", ([other]) => time < timeOf(other)],
    ["After", ([other]) => time > timeOf(other)],
    ["IsZero", time.getTime() === Date.parse("0001-01-01T00:00:00Z")],
  ];
  return new TemplateObject("time.Time", new Map(fields), printTime(time));
}

function printTime(time: Date): string {
  return formatTime("2006-01-02 15:04:05.999999999 -0700 MST", time);
}

function addDate(time: Date, years: number, months: number, days: number): Date {
  const moved = new Date(time);
  moved.setUTCFullYear(time.getUTCFullYear() + years, time.getUTCMonth() + months, time.getUTCDate() + days);
  return moved;
}

function timeOf(value: TemplateValue | undefined): Date {
  if (typeof value === "bigint") return new Date(toCount(value) * 1000);
  const unix = value instanceof TemplateObject ? value.fields.get("UnixMilli") : undefined;
  return new Date(unix === undefined ? NOW_MILLISECONDS : Number(toInteger(unix)));
}

function roundDuration(value: TemplateValue | undefined): string {
  const seconds =
    typeof value === "string" ? (parseDuration(value) ?? 0) : typeof value === "bigint" ? Number(value) / 1e9 : 0;
  const size = Math.abs(seconds);
  for (const [unit, length] of [
    ["y", 31_536_000],
    ["mo", 2_592_000],
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ] as const)
    if (size > length) return `${Math.floor(size / length)}${unit}`;
  return "0s";
}

function secondsOf(value: TemplateValue | undefined): number {
  return typeof value === "string" ? (parseDuration(value.trim()) ?? toFloat(value.trim())) : toFloat(value);
}

function multiple(seconds: number, of: number, round: (value: number) => number): string {
  return formatDuration(of <= 0 ? seconds : round(seconds / of) * of);
}
