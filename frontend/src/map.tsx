// The map of windows: each point is a window, near ones are alike. A lasso asks what a region is.
import { useMemo, useRef, useState } from "preact/hooks";
import { columns, download, get, type Numbers, NOTHING, ofHome } from "./api";
import { Canvas, saveBlob, savePng, useLayer } from "./canvas";
import { activityIndex, paintOf, theme } from "./colours";
import { ActivityForm, storeCorrection } from "./correct";
import { go, type Route } from "./route";
import { edition, tell, useLoad, useShared } from "./store";
import { clock, DAY, HOUR, longDay, shortDay } from "./time";
import type { Clusters, HomeFacts, Moment, Point } from "./types";
import { ActivityTag, Answered, Bars, Menu, roomName, Swatch } from "./ui";
import { plain, said, t } from "./words";

interface MapData {
  rows: number;
  x: Numbers;
  y: Numbers;
  begin: Numbers;
  end: Numbers;
  room: Numbers;
  activity: Numbers;
  cluster: Numbers;
  rooms: string[];
  activities: string[];
  method: string;
  note: string;
}

type Colouring = "activity" | "room" | "cluster" | "hour";

async function loadMap(home: string, signal: AbortSignal): Promise<MapData> {
  type Meta = { rooms: string[]; activities: string[]; method: string; note: string };
  const got = await columns<Meta>(ofHome(home, "map"), signal);
  const of = (name: string) => got.of(name);
  return {
    rows: got.rows, x: of("x"), y: of("y"), begin: of("begin"), end: of("end"), room: of("room"),
    activity: of("activity"), cluster: of("cluster"), ...got.meta,
  };
}

export function MapView({ facts, route, writable }: { facts: HomeFacts; route: Route; writable: boolean }) {
  const stored = useShared(edition);
  const found = useLoad(`${facts.id}|${stored}`, (signal) => loadMap(facts.id, signal));
  return (
    <>
      <h1 class="hidden">{t("map")}</h1>
      <Answered of={found}>{(map) => <Shown facts={facts} map={map} route={route} writable={writable} />}</Answered>
    </>
  );
}

function Shown({ facts, map, route, writable }: { facts: HomeFacts; map: MapData; route: Route; writable: boolean }) {
  const colouring = (route.params.colour ?? (map.activities.length ? "activity" : "room")) as Colouring;
  const change = (changes: Record<string, string>) => go({ ...route, params: { ...route.params, ...changes } }, true);
  const chosen = useMemo(() => selectionOf(map, route.params), [map, route.params.lasso, route.params.pick]);
  const clusters = useLoad(colouring === "cluster" ? facts.id : null, (signal) => get<Clusters>(ofHome(facts.id, "clusters"), signal));
  const groups = useMemo(
    () => groupsOf(facts, map, colouring, clusters.value),
    [facts, map, colouring, clusters.value],
  );
  return (
    <div class="columns map">
      <section class="panel stack">
        <div class="row between small">
          <label>
            {t("colour_by")}{" "}
            <select value={colouring} onChange={(e) => change({ colour: e.currentTarget.value, pick: "", lasso: "" })}>
              {(["activity", "room", "cluster", "hour"] as const).map((name) => (
                <option key={name} value={name} disabled={name === "activity" && !map.activities.length}>{t(`colour_${name}`)}</option>
              ))}
            </select>
          </label>
          <label>
            {t("choose_all_of")}{" "}
            <select value={route.params.pick ?? ""} onChange={(e) => change({ pick: e.currentTarget.value, lasso: "" })}>
              <option value="">–</option>
              {groups.map((group) => <option key={group.code} value={`${colouring}:${group.code}`}>{group.name} ({group.count})</option>)}
            </select>
          </label>
        </div>
        <Scatter map={map} facts={facts} colouring={colouring} chosen={chosen} lasso={(points) => change({ lasso: points, pick: "" })}
          old={route.params.lasso ?? ""} />
        <ul class="legend small" aria-label={t("legend")}>
          {groups.slice(0, 14).map((group) => (
            <li key={group.code} class="tag"><Swatch index={group.paint} /> {group.name}</li>
          ))}
        </ul>
        <p class="small soft">{t("map_help")} {map.method && `${said(map.method)}.`} {said(map.note)}</p>
      </section>
      <div>
        {chosen.length ? <Selection facts={facts} map={map} rows={chosen} writable={writable} clear={() => change({ lasso: "", pick: "" })} />
          : <p class="panel empty">{t("draw_lasso")}</p>}
      </div>
    </div>
  );
}

/** Code of a window's group in a colouring. */
function codeOf(map: MapData, colouring: Colouring, row: number): number {
  if (colouring === "hour") return Math.floor((((map.begin[row] as number) % DAY) + DAY) % DAY / (3 * HOUR));
  return map[colouring][row] as number;
}

function paintOfCode(facts: HomeFacts, map: MapData, colouring: Colouring, code: number): number {
  if (colouring === "activity") return code === NOTHING ? -1 : activityIndex(facts.activities, map.activities[code] ?? "");
  return code === NOTHING || code < 0 ? -1 : code;
}

function groupsOf(facts: HomeFacts, map: MapData, colouring: Colouring, clusters: Clusters | null) {
  const counts = new Map<number, number>();
  for (let i = 0; i < map.rows; i++) {
    const code = codeOf(map, colouring, i);
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const name = (code: number) => {
    if (code === NOTHING || code < 0) return t("none");
    if (colouring === "activity") return plain(map.activities[code] ?? "");
    if (colouring === "room") return roomName(facts, map.rooms[code] ?? "");
    if (colouring === "cluster") return clusters?.clusters.find((one) => one.id === code)?.title ?? `${t("cluster")} ${code}`;
    return `${3 * code}:00–${3 * code + 3}:00`;
  };
  const found = [...counts].map(([code, count]) => ({ code, count, name: name(code), paint: paintOfCode(facts, map, colouring, code) }));
  return found.sort((a, b) => (colouring === "hour" ? a.code - b.code : b.count - a.count));
}

/** Windows inside the lasso of the address, or of the group that was picked. */
function selectionOf(map: MapData, params: Record<string, string>): number[] {
  const rows: number[] = [];
  if (params.pick) {
    const [colouring, code] = params.pick.split(":") as [Colouring, string];
    for (let i = 0; i < map.rows; i++) if (codeOf(map, colouring, i) === Number(code)) rows.push(i);
  } else if (params.lasso) {
    const polygon = params.lasso.split("_").map((pair) => pair.split("-").map((n) => Number(n) / 1000) as Point);
    for (let i = 0; i < map.rows; i++) if (inside(polygon, map.x[i] as number, map.y[i] as number)) rows.push(i);
  }
  return rows;
}

export function inside(polygon: Point[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [polygon[i] as Point, polygon[j] as Point];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

function Scatter(props: {
  map: MapData; facts: HomeFacts; colouring: Colouring; chosen: number[]; old: string; lasso: (points: string) => void;
}) {
  const { map, facts, colouring, chosen } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const points = useRef<Point[]>([]);
  const layer = useLayer();
  const [, redraw] = useState(0);
  const height = Math.min(560, Math.max(300, innerHeight - 260));
  const EDGE = 12;
  const frame = (w: number, h: number) => {
    const [fw, fh] = [w - 2 * EDGE, h - 2 * EDGE];
    return { x: (v: number) => EDGE + v * fw, y: (v: number) => EDGE + v * fh, back: (x: number, y: number): Point => [(x - EDGE) / fw, (y - EDGE) / fh] };
  };
  /** The points are painted once and kept: a lasso on 100,000 of them must follow the hand. */
  const paintPoints = (c: CanvasRenderingContext2D, w: number, h: number) => {
    const f = frame(w, h);
    const size = map.rows > 50_000 ? 1.6 : map.rows > 10_000 ? 2.4 : map.rows > 2000 ? 3.2 : 5;
    const byCode = new Map<number, number[]>();
    for (let i = 0; i < map.rows; i++) {
      const code = codeOf(map, colouring, i);
      const list = byCode.get(code);
      if (list) list.push(i);
      else byCode.set(code, [i]);
    }
    c.globalAlpha = chosen.length ? 0.18 : map.rows > 20_000 ? 0.5 : 0.7;
    for (const [code, rows] of byCode) {
      c.fillStyle = paintOf(paintOfCode(facts, map, colouring, code)).colour;
      for (const i of rows) c.fillRect(f.x(map.x[i] as number) - size / 2, f.y(map.y[i] as number) - size / 2, size, size);
    }
    c.globalAlpha = 1;
    for (const i of chosen) {
      c.fillStyle = paintOf(paintOfCode(facts, map, colouring, codeOf(map, colouring, i))).colour;
      c.fillRect(f.x(map.x[i] as number) - size / 2 - 0.5, f.y(map.y[i] as number) - size / 2 - 0.5, size + 1, size + 1);
    }
  };
  const finish = () => {
    const drawn = points.current;
    points.current = [];
    redraw((n) => n + 1);
    const w = canvas.current?.clientWidth ?? 1;
    if (drawn.length < 2) return;
    const thin = drawn.filter((_, at) => at % Math.ceil(drawn.length / 60) === 0);
    const f = frame(w, height);
    const spread = Math.max(...thin.map((p) => p[0])) - Math.min(...thin.map((p) => p[0]));
    if (thin.length > 3 && spread > 6)
      props.lasso(thin.map(([x, y]) => f.back(x, y).map((v) => Math.max(0, Math.min(1000, Math.round(v * 1000)))).join("-")).join("_"));
  };
  return (
    <Canvas
      canvasRef={canvas} class="free" height={height} label={t("map_alt", map.rows, chosen.length)}
      onPointerDown={(event) => {
        (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
        points.current = [[event.offsetX, event.offsetY]];
      }}
      onPointerMove={(event) => {
        if (!points.current.length) return;
        points.current.push([event.offsetX, event.offsetY]);
        redraw((n) => n + 1);
      }}
      onPointerUp={finish}
      draw={(c, w, h) => {
        c.drawImage(layer([map, colouring, chosen], w, h, paintPoints), 0, 0, w, h);
        const f = frame(w, h);
        const lasso = points.current.length
          ? points.current
          : props.old.split("_").filter(Boolean).map((pair): Point => {
            const [x = 0, y = 0] = pair.split("-").map((n) => Number(n) / 1000);
            return [f.x(x), f.y(y)];
          });
        if (!lasso.length) return;
        const look = theme();
        c.beginPath();
        lasso.forEach(([x, y], at) => (at ? c.lineTo(x, y) : c.moveTo(x, y)));
        c.closePath();
        c.globalAlpha = 0.1;
        c.fillStyle = look.accent;
        c.fill();
        c.globalAlpha = 1;
        c.strokeStyle = look.accent;
        c.lineWidth = 1.5;
        c.stroke();
      }}
    />
  );
}

/** "What is this?": what the chosen windows have in common, and examples from their middle. */
function Selection(props: { facts: HomeFacts; map: MapData; rows: number[]; writable: boolean; clear: () => void }) {
  const { facts, map, rows, writable } = props;
  const told = useMemo(() => summary(facts, map, rows), [facts, map, rows]);
  const examples = useLoad(`${facts.id}|${told.examples.join()}`, (signal) =>
    Promise.all(told.examples.map((row) => get<Moment>(ofHome(facts.id, "moment", { row }), signal))),
  );
  const save = async (format: string) => {
    try {
      saveBlob(await download(ofHome(facts.id, "export"), { what: "windows", format, rows }), `${facts.id}_windows.${format}`);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="panel stack" aria-live="polite">
      <div class="row between">
        <h2>{t("what_is_this")}</h2>
        <button type="button" class="plain" onClick={props.clear}>{t("clear")}</button>
      </div>
      <p class="num">{t("n_windows_days", rows.length, told.days)} · {shortDay(told.first)} – {shortDay(told.last)}</p>
      <Shares title={t("activities")} list={told.activities} of={rows.length} />
      <Shares title={t("rooms")} list={told.rooms} of={rows.length} />
      <div>
        <h3>{t("when_in_day")}</h3>
        <Bars values={told.hours} label={t("hours_alt", told.busiest)} />
        <div class="row between small soft num"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></div>
      </div>
      <h3>{t("examples")}</h3>
      <Answered of={examples}>
        {(moments) => (
          <div class="stack">
            {moments.map((moment) => (
              <button key={moment.begin} type="button" class="hit"
                onClick={() => go({ home: facts.id, view: "moment", params: { row: String(moment.row ?? ""), begin: String(moment.begin), end: String(moment.end) } })}>
                <span class="small soft num">{longDay(moment.begin)} {clock(moment.begin)}</span>
                <span>{moment.captions[0] ?? moment.lines[0]}</span>
                <span>{moment.activities.slice(0, 2).map((name) => <ActivityTag key={name} facts={facts} activity={name} />)}</span>
              </button>
            ))}
          </div>
        )}
      </Answered>
      {writable ? (
        <ActivityForm facts={facts} label={t("name_it")} button={t("store")}
          store={(text) => void storeCorrection(facts.id, { kind: facts.activities.includes(text) ? "activity" : "name", text, rows })} />
      ) : <p class="small soft">{t("read_only")}</p>}
      <Menu label={t("export")}>
        <button type="button" onClick={() => void save("csv")}>{t("windows")} · CSV</button>
        <button type="button" onClick={() => void save("parquet")}>{t("windows")} · Parquet</button>
        <button type="button" onClick={() => void save("ics")}>{t("calendar")} · iCal</button>
        <button type="button" onClick={(event) => {
          const map = event.currentTarget.closest(".map")?.querySelector("canvas");
          if (map) savePng(map, `${facts.id}_map.png`);
        }}>{t("picture")} · PNG</button>
      </Menu>
    </section>
  );
}

function Shares({ title, list, of }: { title: string; list: [string, number, number][]; of: number }) {
  if (!list.length) return null;
  return (
    <div>
      <h3>{title}</h3>
      <div class="why small">
        {list.slice(0, 5).map(([name, count, paint]) => (
          <>
            <span><Swatch index={paint} /> {name}</span>
            <span class="meter" aria-hidden="true"><i style={{ width: `${(100 * count) / of}%` }} /></span>
            <span class="num">{Math.round((100 * count) / of)} %</span>
          </>
        ))}
      </div>
    </div>
  );
}

function summary(facts: HomeFacts, map: MapData, rows: number[]) {
  const hours = new Array<number>(24).fill(0);
  const days = new Set<number>();
  let [sx, sy, first, last] = [0, 0, Infinity, -Infinity];
  const counts = { activity: new Map<number, number>(), room: new Map<number, number>() };
  for (const row of rows) {
    const begin = map.begin[row] as number;
    const hour = Math.floor((((begin % DAY) + DAY) % DAY) / HOUR);
    hours[hour] = (hours[hour] as number) + 1;
    days.add(Math.floor(begin / DAY));
    [first, last] = [Math.min(first, begin), Math.max(last, map.end[row] as number)];
    [sx, sy] = [sx + (map.x[row] as number), sy + (map.y[row] as number)];
    for (const of of ["activity", "room"] as const) {
      const code = map[of][row] as number;
      if (code !== NOTHING) counts[of].set(code, (counts[of].get(code) ?? 0) + 1);
    }
  }
  const [cx, cy] = [sx / rows.length, sy / rows.length];
  const far = (row: number) => ((map.x[row] as number) - cx) ** 2 + ((map.y[row] as number) - cy) ** 2;
  const ranked = (of: "activity" | "room", name: (code: number) => string) =>
    [...counts[of]].sort((a, b) => b[1] - a[1])
      .map(([code, count]): [string, number, number] => [name(code), count, paintOfCode(facts, map, of, code)]);
  return {
    hours, days: days.size, first, last, busiest: hours.indexOf(Math.max(...hours)),
    activities: ranked("activity", (code) => plain(map.activities[code] ?? "")),
    rooms: ranked("room", (code) => roomName(facts, map.rooms[code] ?? "")),
    examples: [...rows].sort((a, b) => far(a) - far(b)).slice(0, 3),
  };
}
