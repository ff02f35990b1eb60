// Draws the timeline: an axis, the activities, and one lane per room, kind or sensor. Only what is visible.
import { activityIndex, fillPaint, inkOn, nightColour, paintOf, type Theme, theme } from "./colours";
import { fitted } from "./strip";
import { DAY, ticks } from "./time";
import { type Activities, type Density, type Exact, type Lane, nights, type Picture, placeOf, type Sun } from "./timeline_data";
import type { HomeFacts, Span } from "./types";
import { plain, t } from "./words";

export const AXIS = 38;
export const ACTIVITY = 36;
export const gutter = (width: number) => (width < 600 ? 92 : 150);

export interface LaneRow {
  /** Name of the group on the server. */
  key: string;
  label: string;
}

export interface Scene {
  facts: HomeFacts;
  from: number;
  to: number;
  cursor: number | null;
  rows: LaneRow[];
  rowHeight: number;
  by: string;
  picture: Picture | null;
  activities: Activities | null;
  sun: Sun | null;
  shown: (activity: number) => boolean;
}

export const sceneHeight = (s: Pick<Scene, "rows" | "rowHeight">) =>
  AXIS + ACTIVITY + Math.max(1, s.rows.length) * s.rowHeight + 4;

export function paintTimeline(c: CanvasRenderingContext2D, w: number, h: number, s: Scene): void {
  const look = theme();
  const left = gutter(w);
  const x = (time: number) => left + ((time - s.from) / (s.to - s.from)) * (w - left);
  c.font = "12px system-ui, sans-serif";
  c.textBaseline = "middle";
  paintAxis(c, w, h, s, look, x);
  c.save();
  c.beginPath();
  c.rect(left, AXIS, w - left, h - AXIS);
  c.clip();
  if (s.sun) paintNights(c, s, s.sun, x, w, h);
  if (s.activities) paintActivities(c, s, x, w);
  if (s.picture) paintLanes(c, s, look, x);
  paintHoles(c, s.facts.holes, s, look, x, h);
  c.restore();
  s.rows.forEach((row, at) => {
    const y = AXIS + ACTIVITY + at * s.rowHeight;
    c.fillStyle = look.soft;
    c.fillText(fitted(c, row.label, left - 10), 0, y + s.rowHeight / 2);
    c.fillStyle = look.line;
    c.fillRect(0, y + s.rowHeight - 0.5, w, 0.5);
  });
  c.fillStyle = look.ink;
  c.fillText(t("activity"), 0, AXIS + ACTIVITY / 2 - 2);
  if (s.cursor !== null && s.cursor >= s.from && s.cursor <= s.to) {
    c.strokeStyle = look.warm;
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(x(s.cursor), AXIS - 6);
    c.lineTo(x(s.cursor), h);
    c.stroke();
  }
}

function paintAxis(c: CanvasRenderingContext2D, w: number, h: number, s: Scene, look: Theme, x: (time: number) => number) {
  const left = gutter(w);
  c.lineWidth = 1;
  let underEnd = left;
  for (const tick of ticks(s.from, s.to, w - left, 78)) {
    const at = x(tick.at);
    c.strokeStyle = look.line;
    c.beginPath();
    c.moveTo(at, AXIS - 4);
    c.lineTo(at, h);
    c.stroke();
    c.fillStyle = look.soft;
    const half = c.measureText(tick.label).width / 2;
    c.fillText(tick.label, Math.max(left, Math.min(w - 2 * half, at - half)), 26);
    if (tick.under && at >= underEnd - 1) {
      c.fillStyle = look.ink;
      const start = Math.max(left, Math.min(w - c.measureText(tick.under).width, at - half));
      c.fillText(tick.under, start, 9);
      underEnd = start + c.measureText(tick.under).width + 12;
    }
  }
}

/** Hours without sun, where a day is wide enough for a night to be seen. */
function paintNights(c: CanvasRenderingContext2D, s: Scene, sun: Sun, x: (time: number) => number, w: number, h: number) {
  if (((w - gutter(w)) * DAY) / (s.to - s.from) < 8) return;
  c.fillStyle = nightColour();
  for (const [begin, end] of nights(sun, s.from, s.to)) c.fillRect(x(begin), AXIS, x(end) - x(begin), h - AXIS);
}

function paintActivities(c: CanvasRenderingContext2D, s: Scene, x: (time: number) => number, w: number) {
  const a = s.activities as Activities;
  // Stretches are sorted by their begin and do not overlap, so their ends ascend as well.
  for (let i = placeOf(a.end, s.from); i < a.rows && (a.begin[i] as number) < s.to; i++) {
    const code = a.of[i] as number;
    if (!s.shown(code)) continue;
    const name = a.names[code] ?? "";
    const paint = paintOf(activityIndex(s.facts.activities, name));
    const [l, r] = [x(a.begin[i] as number), x(a.end[i] as number)];
    fillPaint(c, paint, l, AXIS + 2, Math.max(1, r - l), ACTIVITY - 8);
    const [from, to] = [Math.max(l, gutter(w)), Math.min(r, w)];
    if (to - from < 34) continue;
    c.fillStyle = inkOn(paint.colour);
    c.fillText(fitted(c, plain(name), to - from - 10), from + 5, AXIS + ACTIVITY / 2 - 2);
  }
}

function paintLanes(c: CanvasRenderingContext2D, s: Scene, look: Theme, x: (time: number) => number) {
  const places = new Map(s.rows.map((row, at) => [row.key, AXIS + ACTIVITY + at * s.rowHeight]));
  const { density, exact } = s.picture as Picture;
  const pad = s.rowHeight > 18 ? 4 : 2;
  // Events one by one only where the answer covers all that is visible: else a pan would show a false silence.
  if (exact && density.begin <= s.from && density.end >= s.to) paintExact(c, s, exact, places, pad, look, x);
  else {
    const image = laneImage(density, look.accent);
    const size = (density.end - density.begin) / density.bins;
    const [skip, wide] = [(s.from - density.begin) / size, (s.to - s.from) / size];
    c.imageSmoothingEnabled = false;
    density.lanes.forEach((lane, at) => {
      const y = places.get(lane.name);
      if (y === undefined) return;
      const height = s.rowHeight - 2 * pad;
      if (lane.range && s.by === "sensor") paintReadings(c, s, lane, y + pad, height, look, x);
      else c.drawImage(image, skip, at, wide, 1, x(s.from), y + pad, x(s.to) - x(s.from), height);
    });
  }
}

const images = new WeakMap<Density, { colour: string; canvas: HTMLCanvasElement }>();

/** All bins of all lanes as a picture, a pixel each: moving and zooming it costs one copy per lane. */
function laneImage(density: Density, colour: string): HTMLCanvasElement {
  const known = images.get(density);
  if (known?.colour === colour) return known.canvas;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [density.bins, Math.max(1, density.lanes.length)];
  const c = canvas.getContext("2d") as CanvasRenderingContext2D;
  const pixels = c.createImageData(canvas.width, canvas.height);
  const rgb = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as [number, number, number];
  density.lanes.forEach((lane, row) => {
    const scale = Math.log1p(lane.most);
    for (let i = 0; i < lane.bins.length; i++) {
      const at = 4 * (row * density.bins + (lane.bins[i] as number));
      pixels.data.set(rgb, at);
      pixels.data[at + 3] = 255 * (0.25 + 0.75 * (Math.log1p(lane.counts[i] as number) / scale));
    }
  });
  c.putImageData(pixels, 0, 0);
  images.set(density, { colour, canvas });
  return canvas;
}

/** Readings of one sensor: from the least to the greatest of each bin. */
function paintReadings(
  c: CanvasRenderingContext2D, s: Scene, lane: Lane, y: number, h: number, look: Theme, x: (time: number) => number,
) {
  const { begin, end, bins } = (s.picture as Picture).density;
  const size = (end - begin) / bins;
  const width = Math.max(1.5, x(begin + size) - x(begin));
  const last = Math.ceil((s.to - begin) / size);
  const [least, greatest] = lane.range as [number, number];
  const at = (value: number) => y + h - ((value - least) / (greatest - least)) * h;
  c.fillStyle = look.warm;
  for (let i = placeOf(lane.bins, Math.floor((s.from - begin) / size)); i < lane.bins.length; i++) {
    const bin = lane.bins[i] as number;
    if (bin > last) break;
    const [low, high] = [at(lane.low[i] as number), at(lane.high[i] as number)];
    c.fillRect(x(begin + bin * size), high - 1, width, Math.max(2, low - high + 1));
  }
}

function paintExact(
  c: CanvasRenderingContext2D, s: Scene, exact: Exact, places: Map<string, number>, pad: number, look: Theme,
  x: (time: number) => number,
) {
  const key = (code: number) => {
    const sensor = s.facts.sensors[code];
    return sensor ? (s.by === "sensor" ? sensor.sensor : s.by === "type" ? sensor.type : sensor.room) : "";
  };
  const height = s.rowHeight - 2 * pad;
  c.fillStyle = look.accent;
  c.globalAlpha = s.by === "sensor" ? 0.85 : 0.55;
  const { states } = exact;
  for (let i = 0; i < states.rows; i++) {
    const [begin, end] = [states.begin[i] as number, states.end[i] as number];
    const y = places.get(key(states.sensor[i] as number));
    if (y === undefined || end < s.from || begin > s.to) continue;
    c.fillRect(x(begin), y + pad, Math.max(1.5, x(end) - x(begin)), height);
  }
  c.globalAlpha = 1;
  for (let i = placeOf(exact.time, s.from); i < exact.rows && (exact.time[i] as number) <= s.to; i++) {
    const y = places.get(key(exact.sensor[i] as number));
    if (y === undefined) continue;
    const kind = exact.kind[i] as number;
    c.fillStyle = kind === 2 ? look.warm : look.ink;
    const at = x(exact.time[i] as number);
    if (kind === 1) c.fillRect(at - 0.5, y + pad + height * 0.6, 1, height * 0.4);
    else c.fillRect(at - 0.75, y + pad, 1.5, height);
  }
}

/** Stretches without any event: a hole in the recording is not a quiet home, so it looks like neither. */
export function paintHoles(
  c: CanvasRenderingContext2D, holes: Span[], s: { from: number; to: number }, look: Theme,
  x: (time: number) => number, h: number,
) {
  for (const hole of holes) {
    if (hole.end < s.from || hole.begin > s.to) continue;
    const [l, r] = [x(Math.max(hole.begin, s.from)), x(Math.min(hole.end, s.to))];
    c.save();
    c.beginPath();
    c.rect(l, AXIS, r - l, h - AXIS);
    c.clip();
    c.strokeStyle = look.faint;
    c.globalAlpha = 0.5;
    c.lineWidth = 1;
    c.beginPath();
    for (let at = l - h; at < r; at += 9) {
      c.moveTo(at, h);
      c.lineTo(at + h, 0);
    }
    c.stroke();
    c.globalAlpha = 1;
    if (r - l > 110) {
      c.fillStyle = look.soft;
      c.fillText(t("no_data"), l + 8, AXIS + ACTIVITY + 10);
    }
    c.restore();
  }
}
