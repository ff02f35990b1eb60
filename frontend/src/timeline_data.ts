// What the timeline draws: counts per bin where events are many, the events and stretches themselves where few.
import { columns, type Columns, NOTHING, type Numbers, ofHome } from "./api";
import { DAY } from "./time";

export interface Activities {
  of: Numbers;
  begin: Numbers;
  end: Numbers;
  confidence: Numbers;
  rows: number;
  names: string[];
  note: string;
}

export interface Lane {
  name: string;
  /** Bins with events, ascending, and how many each holds. */
  bins: Numbers;
  counts: Numbers;
  most: number;
  /** Least and greatest reading per bin, NaN where a bin holds none; and those of the lane. */
  low: Numbers;
  high: Numbers;
  range: [number, number] | null;
}

export interface Density {
  begin: number;
  end: number;
  bins: number;
  lanes: Lane[];
  total: number;
}

export interface Exact {
  time: Numbers;
  sensor: Numbers;
  kind: Numbers;
  value: Numbers;
  state: Numbers;
  rows: number;
  /** Stretches in which a sensor is on, open, in use. */
  states: { sensor: Numbers; begin: Numbers; end: Numbers; rows: number };
}

export interface Filter {
  rooms: string[];
  sensors: string[];
}

type DensityMeta = { begin: number; end: number; bins: number; groups: string[]; total: number };

export async function loadActivities(home: string, activity: string[], signal: AbortSignal): Promise<Activities> {
  type Meta = { activities: string[]; how: string; note: string };
  const got = await columns<Meta>(ofHome(home, "activities", { activity }), signal);
  return {
    of: got.of("activity"), begin: got.of("begin"), end: got.of("end"), confidence: got.of("confidence"),
    rows: got.rows, names: got.meta.activities, note: got.meta.note,
  };
}

export async function loadDensity(
  home: string, begin: number, end: number, bins: number, by: string, filter: Filter, signal: AbortSignal,
): Promise<Density> {
  const got = await columns<DensityMeta>(
    ofHome(home, "density", { begin: Math.floor(begin), end: Math.ceil(end), bins, by, ...filter }), signal,
  );
  return { begin: got.meta.begin, end: got.meta.end, bins: got.meta.bins, lanes: lanesOf(got), total: got.meta.total };
}

/** How much happened in every part of every day: bins that begin with the day, asked for in a few stretches. */
export async function loadDays(home: string, begin: number, days: number, filter: Filter, signal: AbortSignal): Promise<Density[]> {
  const perDay = [96, 48, 24, 12, 6, 4, 2].find((n) => days * n <= 24_000) ?? 1;
  const stretch = Math.floor(4000 / perDay);
  const first = Array.from({ length: Math.ceil(days / stretch) }, (_, at) => at * stretch);
  return Promise.all(
    first.map((from) => {
      const n = Math.min(stretch, days - from);
      return loadDensity(home, begin + from * DAY, begin + (from + n) * DAY, n * perDay, "all", filter, signal);
    }),
  );
}

/** One lane per group: the rows of a group stand together, ascending by bin. */
function lanesOf(got: Columns<DensityMeta>): Lane[] {
  const [group, bin, count, low, high] = ["group", "bin", "count", "low", "high"].map(got.of) as [
    Numbers, Numbers, Numbers, Numbers, Numbers,
  ];
  const lanes: Lane[] = [];
  for (let from = 0; from < got.rows; ) {
    let to = from;
    let [most, least, greatest] = [1, Infinity, -Infinity];
    for (; to < got.rows && group[to] === group[from]; to++) {
      most = Math.max(most, count[to] as number);
      // A comparison with NaN is false, so bins without a reading change nothing.
      if ((low[to] as number) < least) least = low[to] as number;
      if ((high[to] as number) > greatest) greatest = high[to] as number;
    }
    const code = group[from] as number;
    lanes.push({
      name: code === NOTHING ? "" : (got.meta.groups[code] ?? ""),
      bins: bin.subarray(from, to), counts: count.subarray(from, to), most,
      low: low.subarray(from, to), high: high.subarray(from, to),
      range: greatest > least ? [least, greatest] : null,
    });
    from = to;
  }
  return lanes;
}

const MOST_EXACT = 6000;

/** The events of a stretch, where they are few enough to be drawn one by one; null where they are many. */
export async function loadExact(
  home: string, begin: number, end: number, filter: Filter, signal: AbortSignal,
): Promise<Exact | null> {
  const range = { begin: Math.floor(begin), end: Math.ceil(end), ...filter };
  const got = await columns<{ total: number; exact: boolean }>(
    ofHome(home, "events", { ...range, limit: MOST_EXACT }), signal,
  );
  if (!got.meta.exact) return null;
  const states = await columns<object>(ofHome(home, "states", { ...range, bins: 4000 }), signal);
  return {
    time: got.of("time"), sensor: got.of("sensor"), kind: got.of("kind"), value: got.of("value"), state: got.of("state"),
    rows: got.rows,
    states: { sensor: states.of("sensor"), begin: states.of("begin"), end: states.of("end"), rows: states.rows },
  };
}

/** When the sun is up: begin and end of each day; no rows where the place of the home is not known. */
export interface Sun {
  begin: Numbers;
  end: Numbers;
  rows: number;
}

export async function loadSun(home: string, signal: AbortSignal): Promise<Sun> {
  const got = await columns<object>(ofHome(home, "sun"), signal);
  return { begin: got.of("begin"), end: got.of("end"), rows: got.rows };
}

/** The nights that share a moment with a stretch. */
export function nights(sun: Sun, from: number, to: number): [number, number][] {
  const found: [number, number][] = [];
  for (let i = Math.max(1, placeOf(sun.begin, from)); i < sun.rows && (sun.end[i - 1] as number) < to; i++)
    found.push([sun.end[i - 1] as number, sun.begin[i] as number]);
  return found;
}

export interface Picture {
  density: Density;
  exact: Exact | null;
}

/** Answers of the last stretches, so that going back and forth asks nothing. */
const kept = new Map<string, Picture>();

export async function loadPicture(
  home: string, begin: number, end: number, bins: number, by: string, filter: Filter, signal: AbortSignal,
): Promise<Picture> {
  const key = JSON.stringify([home, begin, end, bins, by, ...filter.rooms, "|", ...filter.sensors]);
  const known = kept.get(key);
  if (known) return known;
  const density = await loadDensity(home, begin, end, bins, by, filter, signal);
  const exact = density.total <= MOST_EXACT ? await loadExact(home, begin, end, filter, signal) : null;
  const picture = { density, exact };
  kept.set(key, picture);
  if (kept.size > 40) kept.delete(kept.keys().next().value as string);
  return picture;
}

/** First place in an ascending column whose value is at least `value`. */
export function placeOf(column: Numbers, value: number): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((column[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

