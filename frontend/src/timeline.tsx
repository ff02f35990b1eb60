// The timeline: days as strips above, below them any stretch from years to a second.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ofHome } from "./api";
import { Canvas, savePng } from "./canvas";
import { activityIndex } from "./colours";
import { DayStrips } from "./day_strips";
import { go, type Route } from "./route";
import { edition, useLoad, useShared } from "./store";
import { clock, DAY, HOUR, lasting, longDay, MINUTE, SECOND, shortDay, startOfDay } from "./time";
import { type Activities, loadActivities, loadDays, loadPicture, loadSun, placeOf, type Sun } from "./timeline_data";
import { gutter, type LaneRow, paintTimeline, sceneHeight } from "./timeline_drawing";
import type { HomeFacts } from "./types";
import { JobBar, Menu, roomName, sensorName, ShareButton, Swatch } from "./ui";
import { plain, said, t } from "./words";

const ZOOMS = [["year", 365 * DAY], ["month", 30 * DAY], ["week", 7 * DAY], ["day", DAY], ["hour", HOUR], ["minute", MINUTE]] as const;

export function TimelineView({ facts, route }: { facts: HomeFacts; route: Route }) {
  const { params } = route;
  const stored = useShared(edition);
  const by = params.by ?? "room";
  const list = (name: string) => (params[name] ? (params[name] as string).split(",") : []);
  const filter = { rooms: list("rooms"), sensors: list("sensors") };
  const only = list("activity");
  const filtered = filter.rooms.length + filter.sensors.length > 0;

  // The stretch moves with the hand; the address follows when the hand rests.
  const fromUrl = useMemo(() => stretchOf(facts, params), [facts, params.from, params.to]);
  const [view, setView] = useState(fromUrl);
  const [cursor, setCursor] = useState<number | null>(null);
  useEffect(() => setView(fromUrl), [fromUrl]);
  const change = (changes: Record<string, string>, replace = false) =>
    go({ ...route, params: { ...params, ...changes } }, replace);
  const timer = useRef(0);
  const move = (from: number, to: number) => {
    const next = bounded(facts, from, to);
    setView(next);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => change({ from: String(Math.round(next.from)), to: String(Math.round(next.to)) }, true), 250);
  };
  useEffect(() => () => clearTimeout(timer.current), []);

  const activities = useLoad(`${facts.id}|${stored}`, (signal) => loadActivities(facts.id, [], signal));
  const sun = useLoad(facts.id, (signal) => loadSun(facts.id, signal)).value;
  const known = activities.value;
  const shown = (code: number) => only.length === 0 || only.includes(known?.names[code] ?? "");

  // Asked for in stretches of a power of two, three wide, so that a small pan or zoom asks for nothing.
  const level = 2 ** Math.ceil(Math.log2(view.to - view.from));
  const begin = Math.floor(view.from / level) * level - level / 2;
  const key = `${facts.id} ${by} ${params.rooms ?? ""} ${params.sensors ?? ""}|${begin} ${level}`;
  // A bin is never narrower than a pixel, so that none is lost in drawing.
  const bins = 3 * 2 ** Math.floor(Math.log2(Math.max(128, innerWidth - 220)));
  const picture = useLoad(key, (signal) => loadPicture(facts.id, begin, begin + 3 * level, bins, by, filter, signal), 60);
  const wholeKey = filtered || (activities.state !== "ready" && !known) ? `${facts.id} ${params.rooms} ${params.sensors}` : null;
  const first = startOfDay(facts.span.begin);
  const whole = useLoad(wholeKey, (signal) =>
    loadDays(facts.id, first, Math.floor((facts.span.end - first) / DAY) + 1, filter, signal),
  );

  // Kept as they are while the timeline moves: the same node is not compared again.
  const filterBar = useMemo(() => <FilterBar facts={facts} params={params} change={change} />, [facts, params]);
  const legend = useMemo(
    () => known && <Legend facts={facts} activities={known} only={only} set={(names) => change({ activity: names.join(",") })} />,
    [facts, known, params],
  );
  const rows = useMemo(() => lanes(facts, by, filter), [facts, by, params.rooms, params.sensors]);
  return (
    <div class="stack">
      <h1 class="hidden">{t("timeline")}</h1>
      <section class="panel stack">
        <div class="row between">
          <h2>{t("all_days")}</h2>
          {filterBar}
        </div>
        <DayStrips
          facts={facts} activities={known} sun={sun} density={wholeKey ? whole.value : null} shown={shown} chosen={only.join()} from={view.from} to={view.to}
          open={(day) => move(day, day + DAY)}
        />
        {activities.state === "pending" && activities.job && <JobBar job={activities.job} />}
        {activities.state === "failed" && <p class="small soft">{activities.error}</p>}
        {legend}
        {known?.note && <p class="small soft">{said(known.note)}</p>}
      </section>
      <Detail
        facts={facts} view={view} move={move} cursor={cursor} setCursor={setCursor} rows={rows} by={by} shown={shown}
        activities={known} sun={sun} picture={picture.value} error={picture.state === "failed" ? picture.error : ""}
        setBy={(value) => change({ by: value })} openMoment={(from, to) => openMoment(facts, from, to)}
      />
    </div>
  );
}

function openMoment(facts: HomeFacts, from: number, to: number) {
  go({ home: facts.id, view: "moment", params: { begin: String(Math.round(from)), end: String(Math.round(to)) } });
}

function stretchOf(facts: HomeFacts, params: Record<string, string>) {
  const [from, to] = [Number(params.from), Number(params.to)];
  if (params.from && params.to && to > from) return bounded(facts, from, to);
  const last = startOfDay(facts.span.end);
  return bounded(facts, last - 6 * DAY, last + DAY);
}

function bounded(facts: HomeFacts, from: number, to: number) {
  const edge = [startOfDay(facts.span.begin) - DAY, startOfDay(facts.span.end) + 2 * DAY] as const;
  const span = Math.max(SECOND, Math.min(to - from, edge[1] - edge[0]));
  const begin = Math.max(edge[0], Math.min(edge[1] - span, from));
  return { from: begin, to: begin + span };
}

function lanes(facts: HomeFacts, by: string, filter: { rooms: string[]; sensors: string[] }): LaneRow[] {
  const sensors = facts.sensors.map((sensor, code) => ({ sensor, code })).filter(
    ({ sensor }) =>
      sensor.events > 0 && sensor.is_activity && (!filter.rooms.length || filter.rooms.includes(sensor.room)) &&
      (!filter.sensors.length || filter.sensors.includes(sensor.sensor)),
  );
  if (by === "sensor") {
    return sensors.sort((a, b) => a.sensor.room.localeCompare(b.sensor.room)).slice(0, 80)
      .map(({ sensor, code }) => ({ key: sensor.sensor, label: sensorName(facts, code) }));
  }
  const groups = new Map<string, number>();
  for (const { sensor } of sensors) {
    const key = by === "type" ? sensor.type : sensor.room;
    groups.set(key, (groups.get(key) ?? 0) + sensor.events);
  }
  return [...groups].sort((a, b) => b[1] - a[1])
    .map(([key]) => ({ key, label: by === "type" ? plain(key) : roomName(facts, key) }));
}

function FilterBar(props: { facts: HomeFacts; params: Record<string, string>; change: (c: Record<string, string>) => void }) {
  const { facts, params, change } = props;
  return (
    <div class="row small">
      <label>
        <span class="hidden">{t("room")}</span>
        <select value={params.rooms ?? ""} onChange={(e) => change({ rooms: e.currentTarget.value, sensors: "" })}>
          <option value="">{t("all_rooms")}</option>
          {facts.rooms.map((room) => <option key={room.room} value={room.room}>{roomName(facts, room.room)}</option>)}
        </select>
      </label>
      <label>
        <span class="hidden">{t("sensor")}</span>
        <select value={params.sensors ?? ""} onChange={(e) => change({ sensors: e.currentTarget.value })}>
          <option value="">{t("all_sensors")}</option>
          {facts.sensors.map((sensor, code) => (
            (!params.rooms || sensor.room === params.rooms) &&
            <option key={sensor.sensor} value={sensor.sensor}>{sensor.sensor} · {sensorName(facts, code)}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Legend(props: { facts: HomeFacts; activities: Activities; only: string[]; set: (names: string[]) => void }) {
  const { facts, activities, only, set } = props;
  const hours = useMemo(() => {
    const sums = new Array<number>(activities.names.length).fill(0);
    for (let i = 0; i < activities.rows; i++) {
      const code = activities.of[i] as number;
      if (code < sums.length) sums[code] = (sums[code] as number) + ((activities.end[i] as number) - (activities.begin[i] as number)) / HOUR;
    }
    return activities.names.map((name, code) => ({ name, hours: sums[code] as number })).filter((a) => a.hours > 0)
      .sort((a, b) => b.hours - a.hours);
  }, [activities]);
  const toggle = (name: string) => {
    const kept = only.includes(name) ? only.filter((one) => one !== name) : [...only, name];
    set(kept.length === hours.length ? [] : kept);
  };
  return (
    <ul class="legend" aria-label={t("activities")}>
      {hours.map(({ name, hours: total }) => (
        <li key={name}>
          <button type="button" aria-pressed={only.length === 0 || only.includes(name)} onClick={() => toggle(name)}>
            <Swatch index={activityIndex(facts.activities, name)} /> {plain(name)} <span class="num soft">{lasting(total * 3600)}</span>
          </button>
        </li>
      ))}
      {only.length > 0 && <li><button type="button" onClick={() => set([])}>{t("show_all")}</button></li>}
    </ul>
  );
}

interface DetailProps {
  facts: HomeFacts;
  view: { from: number; to: number };
  move: (from: number, to: number) => void;
  cursor: number | null;
  setCursor: (time: number | null) => void;
  rows: LaneRow[];
  by: string;
  setBy: (by: string) => void;
  shown: (activity: number) => boolean;
  activities: Activities | null;
  sun: Sun | null;
  picture: Parameters<typeof paintTimeline>[3]["picture"];
  error: string;
  openMoment: (from: number, to: number) => void;
}

function Detail(props: DetailProps) {
  const { facts, view, move, cursor, setCursor, rows, by, activities } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const pointers = useRef(new Map<number, { x: number; start: number; moved: boolean }>());
  const span = view.to - view.from;
  const middle = (view.from + view.to) / 2;
  const rowHeight = by === "sensor" ? 18 : 24;
  const inner = () => {
    const w = canvas.current?.clientWidth ?? 800;
    return { left: gutter(w), width: w - gutter(w) };
  };
  const timeAt = (x: number) => view.from + ((x - inner().left) / inner().width) * span;
  const zoom = (factor: number, around: number) => {
    const next = span * factor;
    const begin = around - ((around - view.from) / span) * next;
    move(begin, begin + next);
  };
  const here = cursor !== null && cursor >= view.from && cursor <= view.to ? cursor : middle;
  const stretch = segmentAt(activities, here);
  const open = () => {
    // The whole stretch of an activity where it is short enough to watch; else some minutes around the time.
    if (stretch && stretch.end - stretch.begin <= 2 * HOUR) props.openMoment(stretch.begin, stretch.end);
    else props.openMoment(here - 3 * MINUTE, here + 3 * MINUTE);
  };

  const down = (event: PointerEvent) => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, { x: event.offsetX, start: event.offsetX, moved: false });
  };
  const drag = (event: PointerEvent) => {
    const held = pointers.current.get(event.pointerId);
    if (!held) return;
    const others = [...pointers.current.entries()].filter(([id]) => id !== event.pointerId);
    const dx = event.offsetX - held.x;
    if (others.length === 0) {
      if (Math.abs(event.offsetX - held.start) > 4) held.moved = true;
      if (held.moved) move(view.from - (dx / inner().width) * span, view.to - (dx / inner().width) * span);
    } else {
      const fixed = (others[0] as [number, { x: number }])[1].x;
      const [before, after] = [Math.abs(held.x - fixed), Math.abs(event.offsetX - fixed)];
      if (before > 10 && after > 10) zoom(before / after, timeAt((fixed + event.offsetX) / 2));
      held.moved = true;
    }
    held.x = event.offsetX;
  };
  const up = (event: PointerEvent) => {
    const held = pointers.current.get(event.pointerId);
    pointers.current.delete(event.pointerId);
    if (held && !held.moved && event.type === "pointerup" && event.offsetX > inner().left) setCursor(timeAt(event.offsetX));
  };
  const key = (event: KeyboardEvent) => {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => (event.shiftKey ? move(view.from - span / 2, view.to - span / 2) : step(-1)),
      ArrowRight: () => (event.shiftKey ? move(view.from + span / 2, view.to + span / 2) : step(1)),
      ArrowUp: () => zoom(0.5, here), ArrowDown: () => zoom(2, here), "+": () => zoom(0.5, here), "-": () => zoom(2, here),
      Home: () => move(facts.span.begin, facts.span.begin + span), End: () => move(facts.span.end - span, facts.span.end),
      Enter: open,
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const step = (direction: number) => {
    const next = here + (direction * span) / 40;
    setCursor(next);
    if (next < view.from || next > view.to) move(view.from + (direction * span) / 2, view.to + (direction * span) / 2);
  };
  const file = (what: string, format: string) =>
    ofHome(facts.id, "export", { what, format, begin: Math.floor(view.from), end: Math.ceil(view.to) });
  const day = startOfDay(view.from);
  const title = span <= DAY * 1.01 ? longDay(middle) : `${shortDay(view.from)} – ${shortDay(view.to - 1)} ${new Date(view.to).getUTCFullYear()}`;
  return (
    <section class="panel stack">
      <div class="row between">
        <h2 class="num">{title}</h2>
        <div class="row small">
          <button type="button" aria-label={t("day_before")} onClick={() => move(view.from - Math.max(span, MINUTE), view.to - Math.max(span, MINUTE))}>←</button>
          {ZOOMS.map(([name, size]) => (
            <button
              key={name} type="button" aria-pressed={Math.abs(span / size - 1) < 0.02}
              onClick={() => (name === "day" ? move(startOfDay(here), startOfDay(here) + DAY) : move(here - size / 2, here + size / 2))}
            >
              {t(name)}
            </button>
          ))}
          <button type="button" aria-label={t("zoom_in")} onClick={() => zoom(0.5, here)}>+</button>
          <button type="button" aria-label={t("zoom_out")} onClick={() => zoom(2, here)}>−</button>
          <button type="button" aria-label={t("day_after")} onClick={() => move(view.from + Math.max(span, MINUTE), view.to + Math.max(span, MINUTE))}>→</button>
        </div>
      </div>
      {props.error && <p class="error small" role="alert">{props.error}</p>}
      <Canvas
        canvasRef={canvas} class="timeline"
        height={sceneHeight({ rows, rowHeight })}
        label={t("timeline_alt", shortDay(view.from), clock(view.from), shortDay(view.to), clock(view.to))}
        onKey={key} onPointerDown={down} onPointerMove={drag} onPointerUp={up}
        onDblClick={(event) => zoom(0.25, timeAt(event.offsetX))}
        onWheel={(event) => {
          // The page scrolls as ever; with Ctrl (or a pinch on a touchpad) the wheel zooms, with Shift it pans.
          const across = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
          if (!event.ctrlKey && !event.metaKey && !across) return;
          event.preventDefault();
          const shift = ((event.deltaX || event.deltaY) / inner().width) * span;
          if (event.ctrlKey || event.metaKey) zoom(Math.exp(event.deltaY * 0.004), timeAt(event.offsetX));
          else move(view.from + shift, view.to + shift);
        }}
        draw={(c, w, h) =>
          paintTimeline(c, w, h, {
            facts, ...view, cursor: here === middle && cursor === null ? null : here, rows, rowHeight, by,
            picture: props.picture, activities, sun: props.sun, shown: props.shown,
          })}
      />
      <div class="row between small">
        <p class="num" role="status">
          {cursor === null ? <span class="soft">{t("timeline_help")}{props.sun && props.sun.rows > 0 && ` ${t("sun_help")}`}</span> : (
            <>
              {shortDay(here)} {clock(here)}
              {stretch && <> · <Swatch index={activityIndex(facts.activities, stretch.name)} /> {plain(stretch.name)} ({lasting((stretch.end - stretch.begin) / 1000)})</>}
            </>
          )}
        </p>
        <div class="row">
          <button type="button" onClick={open} disabled={cursor === null}>{t("open_moment")}</button>
          <label>
            {t("lanes")}{" "}
            <select value={by} onChange={(event) => props.setBy(event.currentTarget.value)}>
              {["room", "type", "sensor"].map((name) => <option key={name} value={name}>{t(`by_${name}` as "by_room")}</option>)}
            </select>
          </label>
          <ShareButton />
          <Menu label={t("export")}>
            <button type="button" onClick={() => canvas.current && savePng(canvas.current, `${facts.id}_${new Date(day).toISOString().slice(0, 10)}.png`)}>{t("picture")} · PNG</button>
            <a class="button" href={file("events", "csv")} download>{t("events")} · CSV</a>
            <a class="button" href={file("events", "parquet")} download>{t("events")} · Parquet</a>
            <a class="button" href={file("activities", "csv")} download>{t("activities")} · CSV</a>
            <a class="button" href={file("activities", "ics")} download>{t("activities")} · iCal</a>
          </Menu>
        </div>
      </div>
      {activities && <SegmentTable facts={facts} activities={activities} view={view} shown={props.shown} open={props.openMoment} />}
    </section>
  );
}

function segmentAt(a: Activities | null, time: number) {
  if (!a) return null;
  const i = placeOf(a.end, time + 1);
  if (i >= a.rows || (a.begin[i] as number) > time) return null;
  return { begin: a.begin[i] as number, end: a.end[i] as number, name: a.names[a.of[i] as number] ?? "" };
}

/** The same stretch as a table: for screen readers, and for those who like tables. */
function SegmentTable(props: {
  facts: HomeFacts; activities: Activities; view: { from: number; to: number }; shown: (code: number) => boolean;
  open: (from: number, to: number) => void;
}) {
  const { facts, activities: a, view } = props;
  const [isOpen, set] = useState(false);
  const rows: number[] = [];
  for (let i = placeOf(a.end, view.from); isOpen && i < a.rows && (a.begin[i] as number) < view.to && rows.length < 200; i++)
    if (props.shown(a.of[i] as number)) rows.push(i);
  return (
    <details onToggle={(event) => set(event.currentTarget.open)}>
      <summary class="small">{t("as_table")}</summary>
      {isOpen && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("activities")}>
          <table>
            <thead><tr><th>{t("from")}</th><th>{t("to")}</th><th>{t("lasts")}</th><th>{t("activity")}</th><th>{t("confidence")}</th></tr></thead>
            <tbody>
              {rows.map((i) => {
                const [begin, end] = [a.begin[i] as number, a.end[i] as number];
                const name = a.names[a.of[i] as number] ?? "";
                return (
                  <tr key={i}>
                    <td class="num"><a href={`#${i}`} onClick={(e) => { e.preventDefault(); props.open(begin, end); }}>{shortDay(begin)} {clock(begin)}</a></td>
                    <td class="num">{clock(end)}</td>
                    <td class="num">{lasting((end - begin) / 1000)}</td>
                    <td><Swatch index={activityIndex(facts.activities, name)} /> {plain(name)}</td>
                    <td class="num">{Math.round((a.confidence[i] as number) * 100)} %</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          {rows.length === 200 && <p class="small soft">{t("first_rows", 200)}</p>}
        </div>
      )}
    </details>
  );
}

