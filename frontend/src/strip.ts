// The events of a moment, one row per sensor: how long it was on, when it reported.
import { theme } from "./colours";
import { clock, ticks } from "./time";
import type { HomeFacts, Moment } from "./types";
import { sensorName } from "./ui";

const ROW = 20;
const MOST_ROWS = 16;

export interface StripRow {
  name: string;
  spans: [number, number][];
  dots: number[];
}

/** Rows in order of first event; the most active sensors where there are many. */
export function stripRows(facts: HomeFacts, moment: Moment): StripRow[] {
  const rows = new Map<number, StripRow & { open: number | null }>();
  for (const event of moment.events) {
    let row = rows.get(event.sensor);
    if (!row) {
      row = { name: sensorName(facts, event.sensor), spans: [], dots: [], open: null };
      // A sensor that first reports an end was on before the moment began.
      if (event.kind === "end") row.open = moment.begin;
      rows.set(event.sensor, row);
    }
    if (event.kind === "begin") row.open ??= event.t;
    else if (event.kind === "end") {
      if (row.open !== null) row.spans.push([row.open, event.t]);
      row.open = null;
    } else row.dots.push(event.t);
  }
  const list = [...rows.values()];
  for (const row of list) if (row.open !== null) row.spans.push([row.open, moment.end]);
  if (list.length <= MOST_ROWS) return list;
  const weight = (row: StripRow) => row.spans.length + row.dots.length;
  const kept = new Set([...list].sort((a, b) => weight(b) - weight(a)).slice(0, MOST_ROWS));
  return list.filter((row) => kept.has(row));
}

export const stripHeight = (rows: StripRow[]) => Math.max(1, rows.length) * ROW + 26;
export const stripLeft = (width: number) => Math.min(150, width * 0.3);

export function paintStrip(
  c: CanvasRenderingContext2D, w: number, h: number, rows: StripRow[], moment: Moment, now: number,
): void {
  const look = theme();
  const left = stripLeft(w);
  const span = Math.max(1, moment.end - moment.begin);
  const x = (t: number) => left + ((t - moment.begin) / span) * (w - left - 6);
  c.font = "12px system-ui, sans-serif";
  c.textBaseline = "middle";
  c.strokeStyle = look.line;
  c.lineWidth = 1;
  const bottom = h - 22;
  for (const tick of ticks(moment.begin, moment.end, w - left, 80)) {
    c.beginPath();
    c.moveTo(x(tick.at), 0);
    c.lineTo(x(tick.at), bottom);
    c.stroke();
    c.fillStyle = look.faint;
    c.textAlign = x(tick.at) > w - 30 ? "right" : x(tick.at) < left + 30 ? "left" : "center";
    c.fillText(tick.label, x(tick.at), h - 10);
  }
  c.textAlign = "left";
  rows.forEach((row, at) => {
    const y = at * ROW + ROW / 2;
    c.fillStyle = look.soft;
    c.fillText(fitted(c, row.name, left - 8), 0, y);
    c.fillStyle = look.accent;
    for (const [from, to] of row.spans) {
      c.globalAlpha = 0.9;
      c.fillRect(x(from), y - 6, Math.max(2.5, x(to) - x(from)), 12);
    }
    c.globalAlpha = 1;
    c.fillStyle = look.warm;
    for (const dot of row.dots) {
      c.beginPath();
      c.arc(x(dot), y, 3, 0, 7);
      c.fill();
    }
  });
  c.strokeStyle = look.warm;
  c.lineWidth = 1.5;
  c.beginPath();
  c.moveTo(x(now), 0);
  c.lineTo(x(now), bottom);
  c.stroke();
  if (!rows.length) c.fillText(clock(moment.begin), left, h / 2);
}

/** A text cut to a width, with an ellipsis. */
export function fitted(c: CanvasRenderingContext2D, text: string, width: number): string {
  if (c.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && c.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}
