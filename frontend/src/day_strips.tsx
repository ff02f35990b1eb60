// Every day of the log as a strip of 24 hours, coloured by what was done; a click opens the day below.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Canvas, useLayer } from "./canvas";
import { activityIndex, fillPaint, nightColour, paintOf, theme } from "./colours";
import { clock, DAY, HOUR, isWeekend, longDay, month, shortDay, startOfDay } from "./time";
import { type Activities, type Density, nights, type Sun } from "./timeline_data";
import type { HomeFacts } from "./types";
import { plain, t } from "./words";

interface Props {
  facts: HomeFacts;
  activities: Activities | null;
  sun: Sun | null;
  /** Drawn instead where activities are not ready, or a room or sensor was chosen. */
  density: Density[] | null;
  shown: (activity: number) => boolean;
  /** The activities that were chosen, as text: what the strips depend on besides the data. */
  chosen: string;
  from: number;
  to: number;
  open: (day: number) => void;
}

const HEIGHT = 310;
const TOP = 20;

export function DayStrips(props: Props) {
  const { facts, activities, density, sun } = props;
  const [over, setOver] = useState<{ x: number; y: number; text: string } | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const first = startOfDay(facts.span.begin);
  const days = Math.floor((facts.span.end - first) / DAY) + 1;
  const row = Math.max(3, Math.min(18, Math.floor(HEIGHT / days)));
  const gap = row > 8 ? 2 : row > 4 ? 1 : 0;
  const left = row >= 10 ? 92 : 66;
  const chosen = Math.max(0, Math.min(days - 1, Math.floor((props.from - first) / DAY)));
  const inDay = props.to - props.from <= DAY * 1.01;
  const layer = useLayer();
  const busiest = useMemo(
    () => Math.log1p(Math.max(1, ...(density ?? []).flatMap((part) => part.lanes.map((lane) => lane.most)))), [density],
  );

  /** Calls `paint` for the part of each day that a stretch covers. */
  const piece = (w: number, begin: number, end: number, paint: (x: number, y: number, w: number, h: number) => void) => {
    const hour = (w - left) / 24;
    for (let d = Math.floor((begin - first) / DAY); d <= Math.floor((end - 1 - first) / DAY); d++) {
      const midnight = first + d * DAY;
      const [l, r] = [Math.max(begin, midnight), Math.min(end, midnight + DAY)];
      paint(left + ((l - midnight) / HOUR) * hour, TOP + d * row, Math.max(0.7, ((r - l) / HOUR) * hour), row - gap);
    }
  };
  const paintDays = (c: CanvasRenderingContext2D, w: number) => {
    const look = theme();
    const hour = (w - left) / 24;
    c.font = `${row >= 13 ? 12 : 11}px system-ui, sans-serif`;
    c.textBaseline = "middle";
    c.fillStyle = look.faint;
    for (let h = 0; h <= (w < 600 ? 18 : 24); h += w < 600 ? 6 : 3) {
      const label = `${h}:00`;
      c.fillText(label, Math.min(w - c.measureText(label).width, left + h * hour), 8);
    }
    for (let d = 0; d < days; d++) {
      const at = first + d * DAY;
      c.fillStyle = look.paper;
      c.fillRect(left, TOP + d * row, w - left, row - gap);
      const date = new Date(at).getUTCDate();
      const text = row >= 10 ? shortDay(at) : d === 0 || date === 1 ? month(at) : "";
      if (!text) continue;
      c.fillStyle = row >= 10 && isWeekend(at) ? look.warm : look.soft;
      c.fillText(text, 0, TOP + d * row + Math.max(row - gap, 8) / 2);
    }
    if (sun) {
      c.fillStyle = nightColour();
      // Of the first and the last day only what lies in them.
      for (const [begin, end] of nights(sun, first, first + days * DAY))
        piece(w, Math.max(begin, first), Math.min(end, first + days * DAY), (x, y, pw, ph) => c.fillRect(x, y, pw, ph));
    }
    if (density) {
      c.fillStyle = look.accent;
      for (const { begin: first, end, bins, lanes } of density)
        for (const lane of lanes)
          for (let i = 0; i < lane.bins.length; i++) {
            const size = (end - first) / bins;
            const begin = first + (lane.bins[i] as number) * size;
            c.globalAlpha = 0.15 + (0.85 * Math.log1p(lane.counts[i] as number)) / busiest;
            piece(w, begin, begin + size, (x, y, pw, ph) => c.fillRect(x, y, pw, ph));
          }
      c.globalAlpha = 1;
    } else if (activities) {
      const paints = activities.names.map((name) => paintOf(activityIndex(facts.activities, name)));
      for (let i = 0; i < activities.rows; i++) {
        const code = activities.of[i] as number;
        const paint = paints[code];
        if (!paint || !props.shown(code)) continue;
        piece(w, activities.begin[i] as number, activities.end[i] as number, (x, y, pw, ph) => fillPaint(c, paint, x, y, pw, ph));
      }
    }
    c.strokeStyle = look.faint;
    c.globalAlpha = 0.6;
    c.fillStyle = look.line;
    for (const hole of facts.holes) {
      piece(w, hole.begin, hole.end, (x, y, pw, ph) => {
        // Stripes in rows of a few pixels flicker; a grey that no silence has says the same.
        if (row < 8) return c.fillRect(x, y, pw, ph);
        c.beginPath();
        for (let at = x; at < x + pw; at += 7) {
          c.moveTo(at, y + ph);
          c.lineTo(Math.min(at + ph, x + pw), y);
        }
        c.stroke();
      });
    }
    c.globalAlpha = 1;
  };
  const draw = (c: CanvasRenderingContext2D, w: number, h: number) => {
    c.drawImage(layer([facts, activities, density, sun, props.chosen], w, h, paintDays), 0, 0, w, h);
    // What is shown below.
    const look = theme();
    c.strokeStyle = look.ink;
    c.lineWidth = 2;
    if (inDay)
      piece(w, Math.max(props.from, first), Math.min(props.to, first + days * DAY), (x, y, pw, ph) =>
        c.strokeRect(x, y - 1, pw, ph + 2));
    else {
      const top = TOP + chosen * row - 1;
      const bottom = TOP + Math.min(days, Math.ceil((props.to - first) / DAY)) * row;
      c.strokeRect(left - 3, top, 1, bottom - top);
    }
  };

  useEffect(() => {
    // Years are taller than their box: what is shown below stays in sight.
    const scroll = box.current as HTMLElement;
    const y = TOP + chosen * row;
    if (y < scroll.scrollTop + TOP || y > scroll.scrollTop + scroll.clientHeight - row) scroll.scrollTop = y - scroll.clientHeight / 2;
  }, [chosen, row, days]);

  const place = (event: MouseEvent) => {
    const w = (event.currentTarget as HTMLElement).clientWidth;
    const d = Math.floor((event.offsetY - TOP) / row);
    if (d < 0 || d >= days) return null;
    const hours = (event.offsetX - left) / ((w - left) / 24);
    return { day: first + d * DAY, time: first + d * DAY + Math.max(0, hours) * HOUR };
  };
  const tip = (event: PointerEvent) => {
    const at = place(event);
    if (!at) return setOver(null);
    let what = "";
    if (activities)
      for (let i = 0; i < activities.rows; i++)
        if ((activities.begin[i] as number) <= at.time && at.time < (activities.end[i] as number))
          what = ` · ${plain(activities.names[activities.of[i] as number] ?? "")}`;
    setOver({ x: event.offsetX, y: event.offsetY, text: `${shortDay(at.day)} ${clock(at.time, false)}${what}` });
  };
  return (
    <div class="daystrips" ref={box}>
      <Canvas
        canvasRef={canvas}
        height={TOP + days * row + 4}
        label={t("days_alt", days, longDay(first + chosen * DAY))}
        draw={draw}
        // Of the stretch below only the row shows, or minutes where it lies within a day.
        needs={[facts, activities, density, sun, props.chosen, ...[props.from, props.to].map((at) => Math.floor(at / (inDay ? 60_000 : DAY)))]}
        onPointerMove={tip}
        onPointerLeave={() => setOver(null)}
        onClick={(event) => {
          const at = place(event);
          if (at) props.open(at.day);
        }}
        onKey={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 7, PageUp: -7 }[event.key];
          if (!step) return;
          event.preventDefault();
          props.open(first + Math.max(0, Math.min(days - 1, chosen + step)) * DAY);
        }}
      />
      {over && <div class="tip num" style={{ left: `${Math.min(over.x + 12, (canvas.current?.clientWidth ?? 300) - 170)}px`, top: `${over.y + 14}px` }}>{over.text}</div>}
    </div>
  );
}
