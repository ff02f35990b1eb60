// What recurs and what changes: clusters, two periods compared, the typical day, unusual days.
import { useMemo, useState } from "preact/hooks";
import { get, ofHome } from "./api";
import { Canvas } from "./canvas";
import { activityIndex, paintOf, theme } from "./colours";
import { go, hashOf, type Route } from "./route";
import { fitted } from "./strip";
import { edition, useLoad, useShared } from "./store";
import { clock, DAY, HOUR, longDay, parse, shortDay } from "./time";
import type { Change, Changes, Clusters, Day, HomeFacts, TypicalDay, UnusualDays } from "./types";
import { Answered, Bars, roomName } from "./ui";
import { plain, said, t } from "./words";

export function ClustersView({ facts }: { facts: HomeFacts }) {
  const found = useLoad(facts.id, (signal) => get<Clusters>(ofHome(facts.id, "clusters"), signal));
  return (
    <>
      <h1>{t("clusters")}</h1>
      <p class="soft">{t("clusters_help")}</p>
      <Answered of={found}>
        {(answer) => answer.available ? (
          <div class="cards">
            {answer.clusters.map((cluster) => (
              <section class="panel" key={cluster.id}>
                <h2>{cluster.title}</h2>
                <p>{cluster.sentence}</p>
                <Bars values={cluster.hours} label={t("hours_alt", cluster.hours.indexOf(Math.max(...cluster.hours)))} />
                <div class="row between small soft num"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></div>
                <p class="small soft num">{t("n_windows", cluster.windows)} · {(100 * cluster.share).toFixed(1)} % · {said(cluster.when)}</p>
                <p class="row small">
                  {cluster.examples.slice(0, 3).map((row, at) => (
                    <a class="button" key={row} href={hashOf({ home: facts.id, view: "moment", params: { row: String(row) } })}>{t("example")} {at + 1}</a>
                  ))}
                  <a class="button" href={hashOf({ home: facts.id, view: "map", params: { colour: "cluster", pick: `cluster:${cluster.id}` } })}>{t("on_map")}</a>
                </p>
              </section>
            ))}
          </div>
        ) : <p class="panel notice">{answer.reason}</p>}
      </Answered>
    </>
  );
}

export function ChangesView({ facts, route }: { facts: HomeFacts; route: Route }) {
  const { params } = route;
  const stored = useShared(edition);
  const by = params.by ?? facts.rows_by[0] ?? "room";
  const change = (changes: Record<string, string>) => go({ ...route, params: { ...params, ...changes } });
  const asked = { baseline: params.baseline, period: params.period, by };
  const found = useLoad(`${facts.id} ${by}|${JSON.stringify(asked)}${stored}`, (signal) =>
    get<Changes>(ofHome(facts.id, "changes", asked), signal),
  );
  return (
    <>
      <h1>{t("changes")}</h1>
      <p class="soft">{t("changes_help")}</p>
      <form
        class="row panel small"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const range = (a: string, b: string) => (form.get(a) && form.get(b) ? `${form.get(a)}..${form.get(b)}` : "");
          change({ baseline: range("b1", "b2"), period: range("p1", "p2") });
        }}
      >
        <Range legend={t("before")} names={["b1", "b2"]} value={params.baseline ?? found.value?.baseline ?? ""} />
        <Range legend={t("after")} names={["p1", "p2"]} value={params.period ?? found.value?.period ?? ""} />
        <label>
          {t("count_by")}{" "}
          <select value={by} onChange={(event) => change({ by: event.currentTarget.value })}>
            {facts.rows_by.map((name) => <option key={name} value={name}>{t(`by_${name}` as "by_room")}</option>)}
          </select>
        </label>
        <button class="main" type="submit">{t("compare")}</button>
      </form>
      <Answered of={found}>{(answer) => <ChangeTable answer={answer} />}</Answered>
    </>
  );
}

function Range({ legend, names, value }: { legend: string; names: [string, string]; value: string }) {
  const [from = "", to = from] = value.split("..");
  return (
    <fieldset class="row" key={value}>
      <legend>{legend}</legend>
      <input type="date" name={names[0]} defaultValue={from} aria-label={`${legend}, ${t("from")}`} />
      –
      <input type="date" name={names[1]} defaultValue={to} aria-label={`${legend}, ${t("to")}`} />
    </fieldset>
  );
}

function ChangeTable({ answer }: { answer: Changes }) {
  const [all, setAll] = useState(false);
  const certain = answer.changes.filter((one) => one.found);
  const rows = all ? answer.changes : certain;
  return (
    <section class="panel">
      <p class="num">{answer.note || `${answer.baseline} (${t("n_days", answer.baseline_days)}) → ${answer.period} (${t("n_days", answer.period_days)})`}</p>
      {certain.length === 0 && <p>{t("no_change")}</p>}
      {rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("changes")}>
          <table>
            <thead>
              <tr><th>{t("what")}</th><th>{t("measure")}</th><th>{t("change")}</th><th>{t("interval")}</th><th class="num">{t("before")}</th><th class="num">{t("after")}</th></tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <tr key={`${one.thing} ${one.measure}`}>
                  <td>{plain(one.thing)}</td>
                  <td>{plain(one.measure)}</td>
                  <td><b>{one.found ? said(one.words) : "–"}</b></td>
                  <td><Interval change={one} all={rows} /></td>
                  <td class="num">{one.baseline.toFixed(2)}</td>
                  <td class="num">{one.period.toFixed(2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {answer.changes.length > certain.length && (
        <button type="button" class="small" aria-pressed={all} onClick={() => setAll(!all)}>{t("also_uncertain", answer.changes.length - certain.length)}</button>
      )}
    </section>
  );
}

/** The interval of a difference as a bar around zero; measures of one kind share a scale. */
function Interval({ change, all }: { change: Change; all: Change[] }) {
  const most = Math.max(...all.filter((one) => one.measure === change.measure).flatMap((one) => [Math.abs(one.low), Math.abs(one.high)]), 1e-9);
  const at = (value: number) => 50 + (48 * value) / most;
  const [low, high] = [at(change.low), at(change.high)];
  const text = `${change.low.toFixed(2)} … ${change.high.toFixed(2)}`;
  return (
    <span class="interval" role="img" aria-label={text} title={text}>
      <i class="zero" />
      <i class={change.found ? "sure" : ""} style={{ left: `${low}%`, width: `${Math.max(1, high - low)}%` }} />
      <i class="dot" style={{ left: `${at(change.difference)}%` }} />
    </span>
  );
}

export function DaysView({ facts, route }: { facts: HomeFacts; route: Route }) {
  const stored = useShared(edition);
  const by = route.params.by ?? "room";
  const typical = useLoad(`${facts.id} ${by}|${stored}`, (signal) => get<TypicalDay>(ofHome(facts.id, "typical-day", { by }), signal));
  const days = useLoad(`${facts.id}|${stored}`, (signal) => get<{ days: Day[] }>(ofHome(facts.id, "days"), signal));
  const unusual = useLoad(facts.id, (signal) => get<UnusualDays>(ofHome(facts.id, "unusual-days"), signal));
  const toDay = (begin: number) => hashOf({ home: facts.id, view: "timeline", params: { from: String(begin), to: String(begin + DAY) } });
  return (
    <div class="stack">
      <h1 class="hidden">{t("days")}</h1>
      <section class="panel">
        <div class="row between">
          <h2>{t("typical_day")}</h2>
          <select aria-label={t("count_by")} value={by} onChange={(event) => go({ ...route, params: { by: event.currentTarget.value } }, true)}>
            <option value="room">{t("by_room")}</option>
            <option value="activity">{t("by_activity")}</option>
          </select>
        </div>
        <Answered of={typical}>{(answer) => <TypicalStrips facts={facts} answer={answer} />}</Answered>
      </section>
      <div class="columns halves">
        <section class="panel">
          <h2>{t("first_and_last")}</h2>
          <Answered of={days}>{(answer) => <FirstLast days={answer.days} toDay={toDay} />}</Answered>
        </section>
        <section class="panel">
          <h2>{t("unusual_days")}</h2>
          <Answered of={unusual}>
            {(answer) => answer.available ? (
              <ol class="unusual">
                {answer.days.slice(0, 12).map((one) => (
                  <li key={one.day}>
                    <a href={toDay(parse(one.day))}>{longDay(parse(one.day))}</a>{one.stays && <> <span class="tag">{t("stands_out")}</span></>}
                    <ul class="small soft">{one.reasons.map((reason) => <li key={reason}>{said(reason.replaceAll("_", " "))}</li>)}</ul>
                  </li>
                ))}
              </ol>
            ) : <p class="soft">{said(answer.reason)}</p>}
          </Answered>
        </section>
      </div>
    </div>
  );
}

function TypicalStrips({ facts, answer }: { facts: HomeFacts; answer: TypicalDay }) {
  const name = (thing: string) => (answer.by === "room" ? roomName(facts, thing) : plain(thing));
  const rows = useMemo(() => {
    const sum = (row: { share: number[] }) => row.share.reduce((a, b) => a + b, 0);
    return [...answer.rows].filter((row) => sum(row) > 0).sort((a, b) => sum(b) - sum(a)).slice(0, 16);
  }, [answer]);
  const HEIGHT = 30;
  return (
    <>
      <Canvas
        height={rows.length * HEIGHT + 22}
        label={t("typical_alt", answer.days, rows.map((row) => `${name(row.thing)} ${peak(row.share, answer.bins)}`).join(", "))}
        draw={(c, w, h) => {
          const look = theme();
          const left = w < 600 ? 96 : 150;
          c.font = "12px system-ui, sans-serif";
          c.textBaseline = "middle";
          const step = (w - left) / answer.bins;
          for (let hour = 0; hour <= 24; hour += w < 600 ? 6 : 3) {
            const x = left + (hour / 24) * (w - left);
            c.fillStyle = look.line;
            c.fillRect(Math.min(x, w - 1), 0, 1, h - 20);
            c.fillStyle = look.faint;
            c.textAlign = hour === 24 ? "right" : hour ? "center" : "left";
            c.fillText(`${hour}:00`, Math.min(x, w), h - 9);
          }
          c.textAlign = "left";
          rows.forEach((row, at) => {
            const bottom = (at + 1) * HEIGHT - 2;
            const most = Math.max(...row.share);
            c.fillStyle = look.soft;
            c.fillText(fitted(c, name(row.thing), left - 10), 0, bottom - HEIGHT / 2 + 2);
            c.fillStyle = answer.by === "activity" ? paintOf(activityIndex(facts.activities, row.thing)).colour : look.accent;
            row.share.forEach((share, bin) => {
              const height = (share / most) * (HEIGHT - 6);
              c.fillRect(left + bin * step, bottom - height, Math.max(1, step - 0.5), height);
            });
            c.fillStyle = look.line;
            c.fillRect(left, bottom, w - left, 1);
          });
        }}
      />
      <p class="small soft">{t("typical_help", answer.days)}</p>
    </>
  );
}

function peak(share: number[], bins: number): string {
  const hour = (share.indexOf(Math.max(...share)) / bins) * 24;
  return `${Math.floor(hour)}:${String(Math.round((hour % 1) * 60)).padStart(2, "0")}`;
}

/** When the day began and ended: "what time does my motion sensor usually detect activity in the morning?" */
function FirstLast({ days, toDay }: { days: Day[]; toDay: (begin: number) => string }) {
  const seen = days.filter((one) => one.rise !== null && one.rest !== null);
  if (!seen.length) return <p class="soft">{t("none_yet")}</p>;
  const of = (day: Day, which: "rise" | "rest") => (day[which] as number) - day.begin;
  const middle = (which: "rise" | "rest") => {
    const sorted = seen.map((day) => of(day, which)).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] as number;
  };
  const NIGHT = 4 * HOUR;
  return (
    <>
      <p>{t("usually", clock(middle("rise"), false), clock(middle("rest"), false))}</p>
      <Canvas
        height={200}
        label={t("usually", clock(middle("rise"), false), clock(middle("rest"), false))}
        onClick={(event) => {
          const w = (event.currentTarget as HTMLElement).clientWidth;
          const at = Math.floor(((event.offsetX - 44) / (w - 44)) * days.length);
          const day = days[at];
          if (day) location.hash = toDay(day.begin);
        }}
        draw={(c, w, h) => {
          const look = theme();
          // From 4:00 to 4:00, so that an evening after midnight stays with its day.
          const y = (ms: number) => 6 + ((ms - NIGHT) / DAY) * (h - 28);
          const x = (at: number) => 44 + ((at + 0.5) / days.length) * (w - 48);
          c.font = "12px system-ui, sans-serif";
          c.textBaseline = "middle";
          for (const hour of [6, 12, 18, 24]) {
            c.fillStyle = look.line;
            c.fillRect(44, y(hour * HOUR), w - 44, 1);
            c.fillStyle = look.faint;
            c.fillText(`${hour % 24}:00`, 0, y(hour * HOUR));
          }
          days.forEach((day, at) => {
            if (day.rise === null || day.rest === null) return;
            const [top, bottom] = [y(of(day, "rise")), y(of(day, "rest"))];
            c.strokeStyle = look.line;
            c.beginPath();
            c.moveTo(x(at), top);
            c.lineTo(x(at), bottom);
            c.stroke();
            c.fillStyle = look.warm;
            c.fillRect(x(at) - 2, top - 2, 4, 4);
            c.fillStyle = look.accent;
            c.beginPath();
            c.arc(x(at), bottom, 2.5, 0, 7);
            c.fill();
          });
          c.fillStyle = look.faint;
          c.fillText(shortDay((days[0] as Day).begin), 44, h - 8);
          const last = shortDay((days[days.length - 1] as Day).begin);
          c.fillText(last, w - c.measureText(last).width, h - 8);
        }}
      />
      <p class="small soft">{t("busy_help")}</p>
      <details>
        <summary class="small">{t("as_table")}</summary>
        <div class="scroll tall" tabIndex={0} role="region" aria-label={t("days")}>
          <table>
            <thead><tr><th>{t("day")}</th><th>{t("first_event")}</th><th>{t("last_event")}</th><th class="num">{t("events")}</th></tr></thead>
            <tbody>
              {days.map((day) => (
                <tr key={day.day}>
                  <td><a href={toDay(day.begin)}>{shortDay(day.begin)}</a></td>
                  <td class="num">{day.rise === null ? "–" : clock(day.rise)}</td>
                  <td class="num">{day.rest === null ? "–" : clock(day.rest)}</td>
                  <td class="num">{day.events}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}
