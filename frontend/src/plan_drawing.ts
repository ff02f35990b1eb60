// The floor plan: rooms around their sensors (or as they were drawn), and a way through them.
import { isDark, type Theme, theme } from "./colours";
import type { HomeFacts, Point, Room } from "./types";
import { roomName } from "./ui";

export interface Frame {
  /** From [0, 1] of the plan to pixels, and back. */
  x: (at: number) => number;
  y: (at: number) => number;
  back: (x: number, y: number) => Point;
}

const EDGE = 34;

export function planHeight(facts: HomeFacts, width: number, most: number): number {
  return Math.max(170, Math.min(most, (width - 2 * EDGE) / facts.plan_aspect + 2 * EDGE));
}

export function frameOf(facts: HomeFacts, width: number, height: number): Frame {
  const scale = Math.min((width - 2 * EDGE) / facts.plan_aspect, height - 2 * EDGE);
  const [w, h] = [scale * facts.plan_aspect, scale];
  const [left, top] = [(width - w) / 2, (height - h) / 2];
  return {
    x: (at) => left + at * w,
    y: (at) => top + at * h,
    back: (x, y) => [(x - left) / w, (y - top) / h],
  };
}

/** The smallest convex outline around points (Andrew 1979, monotone chain). */
function hull(points: Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (list: Point[]) => {
    const kept: Point[] = [];
    for (const p of list) {
      while (kept.length > 1) {
        const [a, b] = [kept[kept.length - 2] as Point, kept[kept.length - 1] as Point];
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        kept.pop();
      }
      kept.push(p);
    }
    kept.pop();
    return kept;
  };
  return sorted.length < 3 ? sorted : [...half(sorted), ...half(sorted.reverse())];
}

function trace(c: CanvasRenderingContext2D, points: Point[]): void {
  c.beginPath();
  points.forEach(([x, y], at) => (at ? c.lineTo(x, y) : c.moveTo(x, y)));
  // A line of no length is not drawn; with a hair's breadth it becomes a round dot.
  if (points.length === 1) c.lineTo((points[0] as Point)[0] + 0.01, (points[0] as Point)[1]);
  c.closePath();
}

function paintRoom(c: CanvasRenderingContext2D, facts: HomeFacts, room: Room, f: Frame, look: Theme, fill: string) {
  const drawn = room.outline.length > 2;
  const places: Point[] = drawn
    ? room.outline
    : facts.sensors.filter((s) => s.room === room.room && s.x !== null && s.y !== null).map((s) => [s.x, s.y] as Point);
  if (!places.length) places.push([room.x, room.y]);
  const outline = places.map(([x, y]): Point => [f.x(x), f.y(y)]);
  const points = drawn ? outline : hull(outline);
  const pad = drawn ? 0 : 17;
  c.lineJoin = c.lineCap = "round";
  trace(c, points);
  c.strokeStyle = look.line;
  c.lineWidth = 2 * pad + 2.5;
  c.stroke();
  if (pad) {
    c.strokeStyle = fill;
    c.lineWidth = 2 * pad;
    c.stroke();
  }
  c.fillStyle = fill;
  c.fill();
}

function paintGraph(c: CanvasRenderingContext2D, facts: HomeFacts, f: Frame, look: Theme, lit: ReadonlySet<string>) {
  const most = Math.max(1, ...facts.edges.map((edge) => edge.count));
  const rooms = new Map(facts.rooms.map((room) => [room.room, room]));
  c.strokeStyle = look.line;
  c.lineCap = "round";
  for (const edge of facts.edges) {
    const [a, b] = [rooms.get(edge.a), rooms.get(edge.b)];
    if (!a || !b) continue;
    c.lineWidth = 1 + 9 * Math.sqrt(edge.count / most);
    c.beginPath();
    c.moveTo(f.x(a.x), f.y(a.y));
    c.lineTo(f.x(b.x), f.y(b.y));
    c.stroke();
  }
  for (const room of facts.rooms) {
    c.beginPath();
    c.arc(f.x(room.x), f.y(room.y), 26, 0, 7);
    c.fillStyle = lit.has(room.room) ? litColour() : roomColour();
    c.fill();
    c.strokeStyle = look.line;
    c.lineWidth = 1.5;
    c.stroke();
  }
}

const litColour = () => (isDark() ? "#5a4520" : "#fdf0d5");
const roomColour = () => getComputedStyle(document.documentElement).getPropertyValue("--room").trim();

export interface PlanOptions {
  lit?: ReadonlySet<string>;
  /** Sensors to mark, by code, with a strength from 0 to 1. */
  hot?: ReadonlyMap<number, number>;
  chosen?: number;
  sensors?: boolean;
}

export function paintPlan(c: CanvasRenderingContext2D, w: number, h: number, facts: HomeFacts, o: PlanOptions = {}): Frame {
  const look = theme();
  const f = frameOf(facts, w, h);
  const lit = o.lit ?? new Set<string>();
  if (facts.plan === "graph") paintGraph(c, facts, f, look, lit);
  else for (const room of facts.rooms) paintRoom(c, facts, room, f, look, lit.has(room.room) ? litColour() : roomColour());
  if (o.sensors ?? true) {
    facts.sensors.forEach((sensor, code) => {
      if (sensor.x === null || sensor.y === null || !sensor.is_activity) return;
      const hot = o.hot?.get(code) ?? 0;
      c.beginPath();
      c.arc(f.x(sensor.x), f.y(sensor.y), hot > 0 ? 4 + 6 * hot : 2.6, 0, 7);
      c.fillStyle = hot > 0 ? look.warm : look.faint;
      c.globalAlpha = hot > 0 ? 0.35 + 0.65 * hot : sensor.placed ? 0.85 : 0.45;
      c.fill();
      c.globalAlpha = 1;
      if (o.chosen === code) {
        c.strokeStyle = look.accent;
        c.lineWidth = 2.5;
        c.beginPath();
        c.arc(f.x(sensor.x), f.y(sensor.y), 10, 0, 7);
        c.stroke();
      }
    });
  }
  paintNames(c, facts, f, look, w, h);
  return f;
}

/** Names of rooms above their middle; one that would cover another moves down or up until it is free. */
function paintNames(c: CanvasRenderingContext2D, facts: HomeFacts, f: Frame, look: Theme, w: number, h: number) {
  c.font = "600 12px system-ui, sans-serif";
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.lineJoin = "round";
  const taken: [number, number, number][] = [];
  for (const room of [...facts.rooms].sort((a, b) => b.events - a.events)) {
    const name = roomName(facts, room.room);
    const half = c.measureText(name).width / 2 + 3;
    const x = Math.max(half, Math.min(w - half, f.x(room.x)));
    const at = f.y(room.y) - (facts.plan === "graph" ? 0 : 13);
    const free = (y: number) => taken.every(([tx, ty, th]) => Math.abs(ty - y) > 15 || Math.abs(tx - x) > th + half);
    const y = [0, 16, -16, 32, -32, 48, -48].map((d) => Math.max(9, Math.min(h - 9, at + d))).find(free);
    if (y === undefined) continue;
    taken.push([x, y, half]);
    c.strokeStyle = look.panel;
    c.lineWidth = 3.5;
    c.strokeText(name, x, y);
    c.fillStyle = look.ink;
    c.fillText(name, x, y);
  }
  c.textAlign = "left";
}

export interface Step {
  t: number;
  x: number;
  y: number;
}

/** The way so far as a line, the rest of it faint, and where it is now. */
export function paintWay(c: CanvasRenderingContext2D, f: Frame, steps: Step[], at: number): void {
  if (!steps.length) return;
  const look = theme();
  const whole = Math.floor(at);
  const points = steps.map((s): Point => [f.x(s.x), f.y(s.y)]);
  const [from, to] = [points[Math.min(whole, points.length - 1)] as Point, points[Math.min(whole + 1, points.length - 1)] as Point];
  const part = at - whole;
  const eased = part * part * (3 - 2 * part);
  const here: Point = [from[0] + (to[0] - from[0]) * eased, from[1] + (to[1] - from[1]) * eased];
  const line = (list: Point[]) => {
    c.beginPath();
    list.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
    c.stroke();
  };
  c.lineJoin = c.lineCap = "round";
  c.strokeStyle = look.accent;
  c.globalAlpha = 0.22;
  c.lineWidth = 2;
  line(points);
  c.globalAlpha = 0.85;
  c.lineWidth = 3;
  line([...points.slice(Math.max(0, whole - 24), whole + 1), here]);
  c.globalAlpha = 1;
  c.beginPath();
  c.arc(here[0], here[1], 8, 0, 7);
  c.fillStyle = look.accent;
  c.fill();
  c.strokeStyle = look.panel;
  c.lineWidth = 2.5;
  c.stroke();
}
