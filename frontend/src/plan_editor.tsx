// The floor plan of a home: where its sensors are. With leave to write, sensors are dragged and rooms drawn.
import { useMemo, useRef, useState } from "preact/hooks";
import { get, ofHome, send } from "./api";
import { Canvas, savePng } from "./canvas";
import { theme } from "./colours";
import { frameOf, paintPlan, planHeight } from "./plan_drawing";
import { edition, tell, useLoad, useShared } from "./store";
import type { HomeFacts, Plan, Point } from "./types";
import { Answered, roomName, sensorName } from "./ui";
import { plain, t } from "./words";

export function PlanView({ facts, writable }: { facts: HomeFacts; writable: boolean }) {
  const stored = useShared(edition);
  const found = useLoad(`${facts.id}|${stored}`, (signal) => get<Plan>(ofHome(facts.id, "plan"), signal));
  return (
    <>
      <h1 class="hidden">{t("plan")}</h1>
      <Answered of={found}>{(plan) => <Editor key={stored} facts={facts} plan={plan} writable={writable} />}</Answered>
    </>
  );
}

const rounded = (value: number) => Math.round(Math.max(0, Math.min(1, value)) * 1000) / 1000;

function Editor({ facts, plan, writable }: { facts: HomeFacts; plan: Plan; writable: boolean }) {
  const [edited, setEdited] = useState<Plan>(plan);
  const [before, setBefore] = useState<Plan[]>([]);
  const [chosen, choose] = useState(-1);
  const [drawing, draw] = useState<{ room: string; points: Point[] } | null>(null);
  const [room, setRoom] = useState(facts.rooms[0]?.room ?? "");
  const dragged = useRef<Plan | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useMemo(() => withPlan(facts, edited), [facts, edited]);
  const height = planHeight(facts, canvas.current?.clientWidth ?? Math.min(innerWidth - 60, 820), 620, true);
  const change = (next: Plan) => {
    setBefore([...before, edited]);
    setEdited(next);
  };
  const place = (code: number, x: number, y: number): Plan => {
    const id = facts.sensors[code]?.sensor ?? "";
    return { ...edited, sensors: { ...edited.sensors, [id]: { x: rounded(x), y: rounded(y) } } };
  };
  const frame = () => frameOf(facts, canvas.current?.clientWidth ?? 1, height, true);

  const down = (event: PointerEvent) => {
    const f = frame();
    if (drawing) {
      const [x, y] = f.back(event.offsetX, event.offsetY);
      draw({ ...drawing, points: [...drawing.points, [rounded(x), rounded(y)]] });
      return;
    }
    let [best, far] = [-1, 18];
    shown.sensors.forEach((sensor, code) => {
      if (sensor.x === null || sensor.y === null || !sensor.is_activity) return;
      const d = Math.hypot(f.x(sensor.x) - event.offsetX, f.y(sensor.y) - event.offsetY);
      if (d < far) [best, far] = [code, d];
    });
    choose(best);
    if (best < 0 || !writable) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    dragged.current = edited;
  };
  const drag = (event: PointerEvent) => {
    if (!dragged.current || chosen < 0) return;
    const [x, y] = frame().back(event.offsetX, event.offsetY);
    setEdited(place(chosen, x, y));
  };
  const up = () => {
    if (dragged.current && dragged.current !== edited) setBefore([...before, dragged.current]);
    dragged.current = null;
  };
  const nudge = (event: KeyboardEvent) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const sensor = shown.sensors[chosen];
    if (!by || !writable || !sensor || sensor.x === null || sensor.y === null) return;
    event.preventDefault();
    change(place(chosen, sensor.x + (by[0] as number) * 0.01, sensor.y + (by[1] as number) * 0.01));
  };
  const finish = () => {
    if (drawing && drawing.points.length > 2) change({ ...edited, outlines: { ...edited.outlines, [drawing.room]: drawing.points } });
    draw(null);
  };
  const save = async () => {
    try {
      await send<HomeFacts>("PUT", ofHome(facts.id, "plan"), edited);
      edition.set(edition.value + 1);
      tell(t("plan_stored"));
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  };
  const sensor = shown.sensors[chosen];
  return (
    <div class="columns plan">
      <section class="panel stack">
        <p class="small soft">{t(facts.plan === "graph" ? "plan_graph" : facts.plan === "drawn" ? "plan_drawn" : "plan_known")}</p>
        <Canvas
          canvasRef={canvas} class={writable ? "free" : ""} height={height} onKey={nudge}
          label={t("plan_alt", facts.rooms.map((one) => roomName(facts, one.room)).join(", "))}
          onPointerDown={down} onPointerMove={drag} onPointerUp={up} onDblClick={finish}
          draw={(c, w, h) => {
            const f = paintPlan(c, w, h, shown, { chosen, whole: true });
            if (!drawing) return;
            const look = theme();
            c.strokeStyle = c.fillStyle = look.warm;
            c.lineWidth = 2;
            c.beginPath();
            drawing.points.forEach(([x, y], at) => (at ? c.lineTo(f.x(x), f.y(y)) : c.moveTo(f.x(x), f.y(y))));
            c.stroke();
            for (const [x, y] of drawing.points) c.fillRect(f.x(x) - 3, f.y(y) - 3, 6, 6);
          }}
        />
        <div class="row small">
          {writable && (
            <>
              <button class="main" type="button" disabled={!before.length} onClick={() => void save()}>{t("save")}</button>
              <button type="button" disabled={!before.length} onClick={() => {
                setEdited(before[before.length - 1] as Plan);
                setBefore(before.slice(0, -1));
              }}>{t("undo")}</button>
            </>
          )}
          <button type="button" onClick={() => canvas.current && savePng(canvas.current, `${facts.id}_plan.png`)}>PNG</button>
          <a class="button" href={ofHome(facts.id, "export", { what: "plan", format: "yaml" })} download>YAML</a>
        </div>
        {!writable && <p class="small soft">{t("read_only")}</p>}
      </section>
      <section class="panel stack">
        {writable && (
          <div class="stack">
            <h2>{t("rooms")}</h2>
            <div class="row">
              <select aria-label={t("room")} value={room} onChange={(event) => setRoom(event.currentTarget.value)} disabled={drawing !== null}>
                {facts.rooms.map((one) => <option key={one.room} value={one.room}>{roomName(facts, one.room)}</option>)}
              </select>
              {drawing ? (
                <>
                  <button class="main" type="button" disabled={drawing.points.length < 3} onClick={finish}>{t("finish")}</button>
                  <button type="button" onClick={() => draw(null)}>{t("cancel")}</button>
                </>
              ) : (
                <>
                  <button type="button" onClick={() => draw({ room, points: [] })}>{t("draw_room")}</button>
                  {edited.outlines[room] && (
                    <button type="button" onClick={() => {
                      const { [room]: _, ...outlines } = edited.outlines;
                      change({ ...edited, outlines });
                    }}>{t("remove")}</button>
                  )}
                </>
              )}
            </div>
            {drawing && <p class="small soft">{t("draw_help")}</p>}
          </div>
        )}
        <h2>{t("sensors")}</h2>
        <label class="row">
          <span class="hidden">{t("sensor")}</span>
          <select class="grow" value={chosen} onChange={(event) => choose(Number(event.currentTarget.value))}>
            <option value={-1}>{t("choose_sensor")}</option>
            {facts.sensors.map((one, code) => <option key={one.sensor} value={code}>{one.sensor} · {sensorName(facts, code)}</option>)}
          </select>
        </label>
        {sensor && (
          <dl class="keys small">
            <dt>{t("what")}</dt><dd>{plain(sensor.type)}{sensor.object && `, ${plain(sensor.object)}`}</dd>
            <dt>{t("where")}</dt><dd>{roomName(facts, sensor.room)}{!sensor.placed && ` (${t("place_guessed")})`}</dd>
            <dt>{t("events")}</dt><dd class="num">{sensor.events.toLocaleString()}</dd>
            {writable && sensor.x !== null && sensor.y !== null && (
              <>
                <dt>{t("place")}</dt>
                <dd class="row">
                  {(["x", "y"] as const).map((axis) => (
                    <label key={axis}>
                      {axis}{" "}
                      <input type="number" min={0} max={100} step={1} value={Math.round((sensor[axis] as number) * 100)}
                        onChange={(event) => {
                          const value = Number(event.currentTarget.value) / 100;
                          change(place(chosen, axis === "x" ? value : (sensor.x as number), axis === "y" ? value : (sensor.y as number)));
                        }} /> %
                    </label>
                  ))}
                </dd>
              </>
            )}
          </dl>
        )}
        {facts.notes.length > 0 && (
          <details class="small" open>
            <summary>{t("n_notes", facts.notes.length)}</summary>
            <ul>{facts.notes.map((note) => <li key={note}>{note}</li>)}</ul>
          </details>
        )}
      </section>
    </div>
  );
}

/** The home with the places and outlines of an edited plan. */
function withPlan(facts: HomeFacts, plan: Plan): HomeFacts {
  return {
    ...facts,
    sensors: facts.sensors.map((sensor) => {
      const at = plan.sensors[sensor.sensor];
      return at ? { ...sensor, ...at, placed: true } : sensor;
    }),
    rooms: facts.rooms.map((room) => ({ ...room, outline: plan.outlines[room.room] ?? [] })),
  };
}

