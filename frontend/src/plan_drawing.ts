// The floor plan: rooms around their sensors (or as they were drawn), and a way through them.
import { colourOf, isDark, type Theme, theme } from "./colours";
import type { HomeFacts, Point, Room } from "./types";
import { roomName } from "./ui";

export interface Frame {
  /** From [0, 1] of the plan to pixels, and back. */
  x: (at: number) => number;
  y: (at: number) => number;
  back: (x: number, y: number) => Point;
}

const EDGE = 26;
/** Floor beyond the outermost sensors, as a share of the plan's width. */
const PAD = 0.05;

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const WHOLE: Box = { left: -0.06, top: -0.06, right: 1.06, bottom: 1.06 };
const boxes = new WeakMap<HomeFacts, Box>();

/** The part of the plan that holds anything. */
function boxOf(facts: HomeFacts): Box {
  const known = boxes.get(facts);
  if (known) return known;
  const [xs, ys] = [[] as number[], [] as number[]];
  for (const sensor of facts.sensors)
    if (sensor.x !== null && sensor.y !== null && sensor.is_activity) {
      xs.push(sensor.x);
      ys.push(sensor.y);
    }
  for (const room of facts.rooms)
    for (const [x, y] of [[room.x, room.y], ...room.outline] as Point[]) {
      xs.push(x);
      ys.push(y);
    }
  const high = PAD * facts.plan_aspect;
  const box = xs.length
    ? { left: Math.min(...xs) - PAD, right: Math.max(...xs) + PAD, top: Math.min(...ys) - high, bottom: Math.max(...ys) + high }
    : WHOLE;
  boxes.set(facts, box);
  return box;
}

const shapeOf = (facts: HomeFacts, box: Box) => (facts.plan_aspect * (box.right - box.left)) / (box.bottom - box.top);

/** Height that a plan needs at a width; `whole`: all of the plan, also where nothing is, as an editor must. */
export function planHeight(facts: HomeFacts, width: number, most: number, whole = false): number {
  const shape = facts.plan === "graph" ? 1.7 : shapeOf(facts, whole ? WHOLE : boxOf(facts));
  return Math.max(170, Math.min(most, (width - 2 * EDGE) / shape + 2 * EDGE));
}

export function frameOf(facts: HomeFacts, width: number, height: number, whole = false): Frame {
  const box = whole ? WHOLE : boxOf(facts);
  // A graph has no measures to keep, so it takes all the space; names need some at the sides.
  const graph = facts.plan === "graph";
  const shape = shapeOf(facts, box);
  const h = graph ? height - 2 * EDGE : Math.min((width - 2 * EDGE) / shape, height - 2 * EDGE);
  const w = graph ? width - 4 * EDGE : h * shape;
  const [left, top] = [(width - w) / 2, (height - h) / 2];
  const [across, down] = [w / (box.right - box.left), h / (box.bottom - box.top)];
  return {
    x: (at) => left + (at - box.left) * across,
    y: (at) => top + (at - box.top) * down,
    back: (x, y) => [box.left + (x - left) / across, box.top + (y - top) / down],
  };
}

function trace(c: CanvasRenderingContext2D, points: Point[]): void {
  c.beginPath();
  points.forEach(([x, y], at) => (at ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.closePath();
}

/** A piece of floor that is nearer to one sensor than to any other; `walls` are edges that leave its room. */
interface Cell {
  room: string;
  corners: Point[];
  walls: [Point, Point][];
}

const cells = new WeakMap<HomeFacts["sensors"], Cell[]>();

/**
 * Where walls are not known, each place belongs to the room of its nearest sensor (a Voronoi diagram, cut by
 * half planes; a home has few enough sensors). Coordinates are those of the plan, y in the same unit as x.
 */
function cellsOf(facts: HomeFacts): Cell[] {
  const known = cells.get(facts.sensors);
  if (known) return known;
  const seen = new Set<string>();
  const places = facts.sensors.flatMap((s) => {
    const key = `${s.x} ${s.y}`;
    if (s.x === null || s.y === null || !s.is_activity || seen.has(key)) return [];
    seen.add(key);
    return [{ room: s.room, x: s.x, y: s.y / facts.plan_aspect }];
  });
  const [left, right] = [Math.min(...places.map((p) => p.x)) - PAD, Math.max(...places.map((p) => p.x)) + PAD];
  const [top, bottom] = [Math.min(...places.map((p) => p.y)) - PAD, Math.max(...places.map((p) => p.y)) + PAD];
  const found = places.map((own): Cell => {
    // Each corner carries the room on the other side of the edge that begins there; "" is outside.
    let edge: { at: Point; other: string }[] = [[left, top], [right, top], [right, bottom], [left, bottom]].map(
      (at) => ({ at: at as Point, other: "" }),
    );
    for (const other of places) if (other !== own) edge = cut(edge, own, other);
    const walls = edge.flatMap((corner, i): [Point, Point][] =>
      corner.other === own.room ? [] : [[corner.at, (edge[(i + 1) % edge.length] as { at: Point }).at]],
    );
    return { room: own.room, corners: edge.map((corner) => corner.at), walls };
  });
  const scaled = ([x, y]: Point): Point => [x, y * facts.plan_aspect];
  for (const cell of found) {
    cell.corners = cell.corners.map(scaled);
    cell.walls = cell.walls.map(([a, b]) => [scaled(a), scaled(b)]);
  }
  cells.set(facts.sensors, found);
  return found;
}

type Place = { room: string; x: number; y: number };

/** The part of a polygon that is nearer to `own` than to `other`. */
function cut(edge: { at: Point; other: string }[], own: Place, other: Place): { at: Point; other: string }[] {
  const side = ([x, y]: Point) =>
    (x - (own.x + other.x) / 2) * (other.x - own.x) + (y - (own.y + other.y) / 2) * (other.y - own.y);
  const kept: { at: Point; other: string }[] = [];
  edge.forEach((corner, i) => {
    const next = edge[(i + 1) % edge.length] as { at: Point };
    const [here, there] = [side(corner.at), side(next.at)];
    const part = here / (here - there);
    const crossing: Point = [corner.at[0] + part * (next.at[0] - corner.at[0]), corner.at[1] + part * (next.at[1] - corner.at[1])];
    if (here <= 0) kept.push(corner);
    if (here <= 0 && there > 0) kept.push({ at: crossing, other: other.room });
    else if (here > 0 && there <= 0) kept.push({ at: crossing, other: corner.other });
  });
  return kept;
}

function paintCells(c: CanvasRenderingContext2D, facts: HomeFacts, f: Frame, look: Theme, lit: ReadonlySet<string>): void {
  const found = cellsOf(facts);
  const on = (points: Point[]) => points.map(([x, y]): Point => [f.x(x), f.y(y)]);
  c.lineJoin = c.lineCap = "round";
  for (const cell of found) {
    trace(c, on(cell.corners));
    c.fillStyle = c.strokeStyle = lit.has(cell.room) ? litColour() : roomColour();
    c.lineWidth = 1;
    c.fill();
    c.stroke(); // Closes the hairline between two cells of a room.
  }
  c.strokeStyle = look.wall;
  c.lineWidth = 2;
  c.beginPath();
  for (const cell of found)
    for (const [from, to] of cell.walls) {
      c.moveTo(f.x(from[0]), f.y(from[1]));
      c.lineTo(f.x(to[0]), f.y(to[1]));
    }
  c.stroke();
}

/** A room as it was drawn in the editor. */
function paintOutline(c: CanvasRenderingContext2D, room: Room, f: Frame, look: Theme, lit: ReadonlySet<string>): void {
  trace(c, room.outline.map(([x, y]): Point => [f.x(x), f.y(y)]));
  c.fillStyle = lit.has(room.room) ? litColour() : roomColour();
  c.fill();
  c.strokeStyle = look.wall;
  c.lineWidth = 2.5;
  c.stroke();
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
const roomColour = () => colourOf("room");

export interface PlanOptions {
  lit?: ReadonlySet<string>;
  /** Sensors to mark, by code, with a strength from 0 to 1. */
  hot?: ReadonlyMap<number, number>;
  chosen?: number;
  /** All of the plan, as an editor needs it. */
  whole?: boolean;
}

export function paintPlan(c: CanvasRenderingContext2D, w: number, h: number, facts: HomeFacts, o: PlanOptions = {}): Frame {
  const look = theme();
  const f = frameOf(facts, w, h, o.whole);
  const lit = o.lit ?? new Set<string>();
  if (facts.plan === "graph") paintGraph(c, facts, f, look, lit);
  else paintCells(c, facts, f, look, lit);
  for (const room of facts.rooms) if (room.outline.length > 2) paintOutline(c, room, f, look, lit);
  facts.sensors.forEach((sensor, code) => {
    if (sensor.x === null || sensor.y === null || !sensor.is_activity) return;
    const hot = o.hot?.get(code) ?? 0;
    c.beginPath();
    c.arc(f.x(sensor.x), f.y(sensor.y), hot > 0 ? 4 + 6 * hot : 2.6, 0, 7);
    c.fillStyle = hot > 0 ? look.warm : look.faint;
    c.globalAlpha = hot > 0 ? 0.35 + 0.65 * hot : sensor.placed ? 0.85 : 0.45;
    c.fill();
    c.globalAlpha = 1;
    if (o.chosen !== code) return;
    c.strokeStyle = look.accent;
    c.lineWidth = 2.5;
    c.beginPath();
    c.arc(f.x(sensor.x), f.y(sensor.y), 10, 0, 7);
    c.stroke();
  });
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
