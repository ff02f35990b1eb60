// Times are the home's wall clock, as milliseconds since 1970 that ignore every time zone: a log says what
// the clock on the wall said, wherever the browser is. All reading and writing goes through UTC.
import { lang } from "./words";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function parse(iso: string): number {
  const plain = iso.replace(" ", "T").replace(/(Z|[+-]\d\d:?\d\d)$/, "");
  return Date.parse(`${plain.length <= 10 ? `${plain}T00:00:00` : plain}Z`);
}

export function iso(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23);
}

export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function startOfDay(ms: number): number {
  return Math.floor(ms / DAY) * DAY;
}

export function clock(ms: number, seconds = true): string {
  return new Date(ms).toISOString().slice(11, seconds ? 19 : 16);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(ms: number, options: Intl.DateTimeFormatOptions): string {
  const key = lang() + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(lang() === "de" ? "de-DE" : "en-GB", { timeZone: "UTC", ...options });
    formats.set(key, found);
  }
  return found.format(ms);
}

export const longDay = (ms: number) =>
  format(ms, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const shortDay = (ms: number) => format(ms, { weekday: "short", day: "numeric", month: "short" });
export const weekday = (ms: number) => format(ms, { weekday: "short" });
export const month = (ms: number) => format(ms, { month: "short", year: "numeric" });
export const isWeekend = (ms: number) => [0, 6].includes(new Date(ms).getUTCDay());

export function lasting(seconds: number): string {
  if (seconds < 1) return "< 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE,
  5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY,
  14 * DAY, 30 * DAY, 61 * DAY, 91 * DAY, 182 * DAY, 365 * DAY,
];

export interface Tick {
  at: number;
  label: string;
  /** The line under it that names the day or month; empty where the one before said so. */
  under: string;
}

/** Round times between two times, at most one per `room` pixels. */
export function ticks(from: number, to: number, width: number, room = 70): Tick[] {
  const least = ((to - from) / Math.max(width, 1)) * room;
  const step = STEPS.find((s) => s >= least) ?? 365 * DAY;
  const found: Tick[] = [];
  let before = "";
  // Weeks begin on Mondays; 1970 began on a Thursday.
  const shift = step >= 7 * DAY && step < 30 * DAY ? 4 * DAY : 0;
  for (let at = Math.ceil((from - shift) / step) * step + shift; at <= to; at += step) {
    let label: string;
    let under: string;
    if (step >= 30 * DAY) {
      [label, under] = [month(at), ""];
    } else if (step >= DAY) {
      [label, under] = [shortDay(at), String(new Date(at).getUTCFullYear())];
    } else if (step >= SECOND) {
      [label, under] = [clock(at, step < MINUTE), shortDay(at)];
    } else {
      [label, under] = [iso(at).slice(17, 23), `${shortDay(at)} ${clock(at, false)}`];
    }
    found.push({ at, label, under: under === before ? "" : under });
    before = under;
  }
  return found;
}
