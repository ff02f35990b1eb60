// One moment: the way through the rooms on the plan, its events as a strip, what it says, what is like it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, ofHome } from "./api";
import { Canvas, savePng } from "./canvas";
import { CorrectButton } from "./correct";
import { paintPlan, paintWay, planHeight, type Step } from "./plan_drawing";
import { hashOf, go } from "./route";
import { edition, useLoad, useShared } from "./store";
import { paintStrip, stripHeight, stripLeft, stripRows } from "./strip";
import { clock, HOUR, lasting, longDay } from "./time";
import type { Chip, Hit, Hits, HomeFacts, Moment } from "./types";
import { ActivityTag, Answered, HitCard, Menu, roomName, sensorName, ShareButton } from "./ui";
import { plain, t } from "./words";

interface Props {
  facts: HomeFacts;
  row: number | null;
  begin?: number;
  end?: number;
  /** The hit that led here and the conditions of its question, to say why it matched. */
  hit?: Hit | undefined;
  chips?: Chip[];
  writable: boolean;
}

export function MomentPanel(props: Props) {
  const { facts, row, begin, end } = props;
  const stored = useShared(edition);
  const key = `${facts.id}/${row ?? ""}/${begin ?? ""}/${end ?? ""}|${stored}`;
  // A hit may join several windows: its own stretch is asked for, not only its best window.
  const range = begin !== undefined && end !== undefined ? { begin, end } : { row };
  const found = useLoad(key, (signal) => get<Moment>(ofHome(facts.id, "moment", range), signal));
  return <Answered of={found}>{(moment) => <Shown {...props} moment={moment} />}</Answered>;
}

function Shown({ moment, ...props }: Props & { moment: Moment }) {
  const { facts, hit } = props;
  const row = props.row ?? moment.row;
  const captions = hit?.captions.length ? hit.captions : moment.captions;
  return (
    <article class="stack" aria-label={t("moment")}>
      <section class="panel stack">
        <header>
          <h2>{longDay(moment.begin)}</h2>
          <p class="num soft">
            {clock(moment.begin)} – {clock(moment.end)} · {lasting((moment.end - moment.begin) / 1000)} ·{" "}
            {t("n_events", moment.total)}
          </p>
          {captions.slice(0, 3).map((caption) => <p key={caption}>{caption}</p>)}
          <div class="row">
            {moment.activities.map((name) => <ActivityTag key={name} facts={facts} activity={name} />)}
          </div>
        </header>
        <Playing facts={facts} moment={moment} />
        <Actions {...props} moment={moment} />
      </section>
      {hit && props.chips && hit.why.length > 0 && <Why hit={hit} chips={props.chips} />}
      <section class="panel">
        <h3>{t("what_happened")}</h3>
        <ol class="lines small num">{moment.lines.map((line, at) => <li key={at}>{line}</li>)}</ol>
        <EventTable facts={facts} moment={moment} />
      </section>
      {row !== null && <Similar facts={facts} row={row} />}
    </article>
  );
}

/** The plan and the strip under one clock. */
function Playing({ facts, moment }: { facts: HomeFacts; moment: Moment }) {
  const [at, setAt] = useState(0);
  const [playing, play] = useState(false);
  const [width, setWidth] = useState(600);
  const box = useRef<HTMLDivElement>(null);
  const steps = useMemo(() => stepsOf(facts, moment), [facts, moment]);
  const waits = useMemo(() => waitsOf(steps), [steps]);
  const last = Math.max(0, steps.length - 1);
  const now = timeAt(steps, at, moment.begin);

  useEffect(() => {
    setAt(0);
    // A way that shows itself tells more than a still picture, but not to people who asked for stillness.
    play(steps.length > 1 && !matchMedia("(prefers-reduced-motion: reduce)").matches);
  }, [moment]);
  useEffect(() => {
    const observer = new ResizeObserver(() => box.current && setWidth(box.current.clientWidth));
    observer.observe(box.current as HTMLElement);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!playing) return;
    let frame = 0;
    let before = performance.now();
    let place = at >= last ? 0 : at;
    const tick = (time: number) => {
      let left = (time - before) / 1000;
      before = time;
      while (left > 0 && place < last) {
        const wait = waits[Math.floor(place)] as number;
        const rest = (Math.floor(place) + 1 - place) * wait;
        place = left < rest ? place + left / wait : Math.floor(place) + 1;
        left -= rest;
      }
      setAt(Math.min(place, last));
      if (place >= last) play(false);
      else frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [playing, moment]);

  const rooms = moment.path.map((stay) => roomName(facts, stay.room));
  const way = [...new Set(rooms)].length > 1 ? rooms.slice(0, 12).join(" → ") : (rooms[0] ?? t("no_room"));
  const here = moment.path.find((stay) => stay.begin <= now && now <= stay.end)?.room;
  const hot = new Map<number, number>();
  for (const event of moment.events)
    if (event.kind !== "end" && event.t <= now && now - event.t < 30_000) hot.set(event.sensor, 1 - (now - event.t) / 30_000);
  const rows = useMemo(() => stripRows(facts, moment), [facts, moment]);
  const seek = (time: number) => {
    play(false);
    let place = steps.findIndex((step) => step.t > time) - 1;
    if (place < 0) place = time < (steps[0]?.t ?? 0) ? 0 : last;
    setAt(place);
  };
  const span = Math.max(1, moment.end - moment.begin);
  return (
    <div ref={box} class="stack">
      <Canvas
        height={planHeight(facts, width, 380)}
        label={t("plan_alt", way)}
        draw={(c, w, h) => {
          const frame = paintPlan(c, w, h, facts, { lit: new Set(here ? [here] : []), hot });
          paintWay(c, frame, steps, at);
        }}
      />
      {steps.length > 1 && (
        <div class="row play">
          <button type="button" onClick={() => play(!playing)} aria-pressed={playing}>
            <span aria-hidden="true">{playing ? "❚❚" : "▶"}</span> {playing ? t("pause") : t("play")}
          </button>
          <input
            class="grow" type="range" min={0} max={last} step={0.01} value={at} aria-label={t("time_in_moment")}
            aria-valuetext={clock(now)}
            onInput={(event) => {
              play(false);
              setAt(Number(event.currentTarget.value));
            }}
          />
          <output class="num">{clock(now)}</output>
        </div>
      )}
      <p class="small soft">{way}{facts.residents > 1 && steps.length > 1 && ` · ${t("several_people")}`}</p>
      <Canvas
        height={stripHeight(rows)}
        class="strip"
        label={t("strip_alt", rows.length, clock(moment.begin), clock(moment.end))}
        onClick={(event) => {
          const canvas = event.currentTarget as HTMLCanvasElement;
          const left = stripLeft(canvas.clientWidth);
          const share = (event.offsetX - left) / (canvas.clientWidth - left);
          if (share >= 0) seek(moment.begin + share * span);
        }}
        draw={(c, w, h) => paintStrip(c, w, h, rows, moment, now)}
      />
    </div>
  );
}

/** Where a person was seen, event by event; a sensor without a place stands in the middle of its room. */
function stepsOf(facts: HomeFacts, moment: Moment): Step[] {
  const rooms = new Map(facts.rooms.map((room) => [room.room, room]));
  const steps: Step[] = [];
  for (const event of moment.events) {
    const sensor = facts.sensors[event.sensor];
    if (!event.person || !sensor) continue;
    const place = sensor.x !== null && sensor.y !== null ? sensor : rooms.get(sensor.room);
    if (!place || place.x === null || place.y === null) continue;
    const before = steps[steps.length - 1];
    if (!before || before.x !== place.x || before.y !== place.y) steps.push({ t: event.t, x: place.x, y: place.y });
  }
  return steps;
}

/** Seconds of play between steps: long rests are cut short, and the whole lasts at most a quarter of a minute. */
function waitsOf(steps: Step[]): number[] {
  const waits = steps.slice(1).map((step, at) => 0.3 + Math.min(1.2, Math.log1p((step.t - (steps[at] as Step).t) / 1000) * 0.2));
  const total = waits.reduce((sum, wait) => sum + wait, 0);
  return total > 15 ? waits.map((wait) => (wait * 15) / total) : waits;
}

function timeAt(steps: Step[], at: number, begin: number): number {
  const whole = Math.floor(at);
  const from = steps[whole];
  if (!from) return begin;
  const to = steps[whole + 1] ?? from;
  return from.t + (to.t - from.t) * (at - whole);
}

function Why({ hit, chips }: { hit: Hit; chips: Chip[] }) {
  const rows = hit.why.flatMap((why) => {
    const chip = chips.find((one) => one.id === why.chip);
    return chip ? [{ chip, met: why.met }] : [];
  });
  return (
    <section class="panel">
      <h3>{t("why_matched")}</h3>
      <div class="why small">
        {rows.map(({ chip, met }) => (
          <>
            <span><b>{chip.words}</b> <span class="soft">{chip.meaning}</span></span>
            <span class="meter" aria-hidden="true"><i style={{ width: `${met * 100}%` }} /></span>
            <span class="num">{Math.round(met * 100)} %</span>
          </>
        ))}
        <span>{t("likeness")}</span>
        <span class="meter" aria-hidden="true"><i style={{ width: `${Math.max(0, Math.min(1, hit.score)) * 100}%` }} /></span>
        <span class="num">{hit.score.toFixed(2)}</span>
      </div>
    </section>
  );
}

function EventTable({ facts, moment }: { facts: HomeFacts; moment: Moment }) {
  const [open, set] = useState(false);
  const shown = moment.events.slice(0, 300);
  return (
    <details onToggle={(event) => set(event.currentTarget.open)}>
      <summary>{t("events_as_table", moment.total)}</summary>
      {open && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("events_as_table", moment.total)}>
          <table>
            <thead><tr><th>{t("time")}</th><th>{t("sensor")}</th><th>{t("where")}</th><th>{t("state")}</th></tr></thead>
            <tbody>
              {shown.map((event) => (
                <tr key={event.row}>
                  <td class="num">{clock(event.t)}</td>
                  <td>{facts.sensors[event.sensor]?.sensor}</td>
                  <td>{sensorName(facts, event.sensor)}</td>
                  <td>{event.value ?? event.state}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {moment.total > shown.length && <p class="small soft">{t("first_of", shown.length, moment.total)}</p>}
        </div>
      )}
    </details>
  );
}

function Similar({ facts, row }: { facts: HomeFacts; row: number }) {
  const found = useLoad(`${facts.id}/${row}`, (signal) => get<Hits>(ofHome(facts.id, "similar", { row, k: 6 }), signal));
  return (
    <section class="panel">
      <h3>{t("similar")}</h3>
      <Answered of={found}>
        {(answer) => (
          <div class="cards">
            {answer.hits.map((hit) => (
              <HitCard
                key={hit.row} hit={hit} facts={facts}
                open={() => go({ home: facts.id, view: "moment", params: momentParams(hit) })}
              />
            ))}
          </div>
        )}
      </Answered>
    </section>
  );
}

export const momentParams = (hit: Hit) => ({ row: String(hit.row), begin: String(hit.begin), end: String(hit.end) });

function Actions({ facts, moment, writable }: Props & { moment: Moment }) {
  const around = { from: String(moment.begin - HOUR), to: String(moment.end + HOUR) };
  const range = { begin: moment.begin, end: moment.end };
  const file = (what: string, format: string) => ofHome(facts.id, "export", { what, format, ...range });
  return (
    <div class="row">
      <CorrectButton facts={facts} moment={moment} writable={writable} />
      <a class="button" href={hashOf({ home: facts.id, view: "timeline", params: around })}>{t("in_timeline")}</a>
      <ShareButton />
      <Menu label={t("export")}>
        <a class="button" href={file("events", "csv")} download>{t("events")} · CSV</a>
        <a class="button" href={file("events", "parquet")} download>{t("events")} · Parquet</a>
        <a class="button" href={file("windows", "csv")} download>{t("windows")} · CSV</a>
        <a class="button" href={file("activities", "ics")} download>{t("calendar")} · iCal</a>
        <button
          type="button"
          onClick={(event) => {
            const canvas = (event.currentTarget.closest("section") as HTMLElement).querySelector("canvas");
            if (canvas) savePng(canvas, `${facts.id}_${plain(String(moment.row ?? ""))}.png`);
          }}
        >
          {t("plan")} · PNG
        </button>
      </Menu>
    </div>
  );
}
