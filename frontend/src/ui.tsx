// Small parts that several views use.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { activityIndex, paintOf } from "./colours";
import { isInPage } from "./route";
import { type Loaded, remark, tell, useShared } from "./store";
import type { Hit, HomeFacts, Job } from "./types";
import { clock, lasting, longDay } from "./time";
import { plain, said, t } from "./words";

export function Swatch({ index }: { index: number }) {
  const paint = paintOf(index);
  return <span class={`swatch${paint.striped ? " striped" : ""}`} style={{ backgroundColor: paint.colour }} />;
}

/** What is shown while an answer is made, where it failed, and once it is there. */
export function Answered<T>(props: { of: Loaded<T>; children: (value: T) => ComponentChildren; keep?: boolean }) {
  const { of, children } = props;
  const old = of.value !== null && (props.keep ?? true) ? children(of.value) : null;
  if (of.state === "ready") return <>{children(of.value)}</>;
  if (of.state === "failed") {
    return (
      <>
        <div class="panel error" role="alert">{of.error}</div>
        {old}
      </>
    );
  }
  if (old) return <>{old}</>;
  return (
    <div class="panel" role="status" aria-live="polite">
      {of.state === "pending" && of.job ? <JobBar job={of.job} /> : t("loading")}
    </div>
  );
}

export function JobBar({ job }: { job: Job }) {
  const share = job.total ? Math.min(1, job.done / job.total) : null;
  const title = said(job.title) || t(`job_${job.what}` as "job_open");
  return (
    <div class="stack">
      <div class="row between small">
        <span>{title}</span>
        <span class="num soft">{share === null ? "" : `${Math.round(share * 100)} %`}</span>
      </div>
      <Progress share={share} label={title} />
      {job.note && <p class="small soft">{job.note}</p>}
    </div>
  );
}

export function Progress({ share, label }: { share: number | null; label: string }) {
  const now = share === null ? {} : { "aria-valuenow": Math.round(share * 100) };
  return (
    <div class={`progress${share === null ? " unknown" : ""}`} role="progressbar" aria-label={label} {...now}>
      <i style={{ width: `${(share ?? 0) * 100}%` }} />
    </div>
  );
}

/** A button that opens a small list; closes with Escape, a click elsewhere or a choice. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const [open, set] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      // The path, because a widget's own elements are hidden from the page around it.
      if (!event.composedPath().includes(box.current as EventTarget)) set(false);
    };
    const key = (event: KeyboardEvent) => event.key === "Escape" && set(false);
    addEventListener("pointerdown", outside);
    addEventListener("keydown", key);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("keydown", key);
    };
  }, [open]);
  return (
    <div class="menu" ref={box}>
      <button type="button" aria-expanded={open} onClick={() => set(!open)}>
        {label} <span aria-hidden="true">▾</span>
      </button>
      {open && <div onClick={() => set(false)}>{children}</div>}
    </div>
  );
}

export function Dialog(props: { title: string; close: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} onClose={props.close} aria-labelledby="dialog-title">
      <div class="row between">
        <h2 id="dialog-title">{props.title}</h2>
        <button type="button" class="plain" onClick={() => box.current?.close()} aria-label={t("close")}>✕</button>
      </div>
      {props.children}
    </dialog>
  );
}

export function HitCard(props: { hit: Hit; facts: HomeFacts; open: () => void; current?: boolean; rank?: boolean }) {
  const { hit, facts } = props;
  const rooms = [...new Set(hit.rooms)].slice(0, 6).map((room) => roomName(facts, room));
  return (
    <button type="button" class="hit" onClick={props.open} aria-current={props.current ? "true" : undefined}>
      <span class="head">
        <span class="when">
          {props.rank !== false && <span class="soft num">{hit.rank}. </span>}
          {longDay(hit.begin)}
        </span>
        <span class="num soft small">{clock(hit.begin)} · {lasting((hit.end - hit.begin) / 1000)}</span>
      </span>
      <span class="caption">{hit.captions[0] ?? hit.lines[0] ?? ""}</span>
      <span class="small soft">
        {hit.activity && <><ActivityTag facts={facts} activity={hit.activity} /> </>}
        {rooms.join(" → ")}
        {hit.why.length > 0 && hit.met < 0.995 && <> · {t("meets", Math.round(hit.met * 100))}</>}
        {hit.reason && <> · {hit.reason}</>}
      </span>
    </button>
  );
}

export function ActivityTag({ facts, activity }: { facts: HomeFacts; activity: string }) {
  const index = activityIndex(facts.activities, activity);
  // "unknown" as a tag says nothing.
  return index < 0 ? null : <span class="tag"><Swatch index={index} /> {plain(activity)}</span>;
}

/** Bars as an image with a name; the bars have the same unit. */
export function Bars(props: { values: readonly number[]; label: string; height?: number }) {
  const most = Math.max(...props.values, 1e-9);
  return (
    <div class="bars" role="img" aria-label={props.label} style={{ height: `${props.height ?? 40}px` }}>
      {props.values.map((value, at) => <i key={at} style={{ height: `${(100 * value) / most}%` }} />)}
    </div>
  );
}

export function roomName(facts: HomeFacts, room: string): string {
  return plain(facts.rooms.find((one) => one.room === room)?.name ?? room);
}

export function sensorName(facts: HomeFacts, code: number): string {
  const sensor = facts.sensors[code];
  if (!sensor) return "?";
  const what = sensor.object ? plain(sensor.object) : plain(sensor.type);
  return `${what}, ${roomName(facts, sensor.room)}`;
}

/** Copies the address of the view; nothing in a notebook, whose address says nothing of it. */
export function ShareButton() {
  if (!isInPage()) return null;
  const copy = () => navigator.clipboard.writeText(location.href).then(() => t("copied"), () => location.href);
  return <button type="button" onClick={async () => tell(await copy())}>{t("share")}</button>;
}

/** What was done last, with a way to undo it. */
export function Remark() {
  const shown = useShared(remark);
  return (
    <div aria-live="polite" role="status">
      {shown && (
        <div class="toast">
          <span>{shown.text}</span>
          {shown.act && <button type="button" onClick={() => {
            shown.act?.();
            remark.set(null);
          }}>{shown.action}</button>}
          <button type="button" aria-label={t("close")} onClick={() => remark.set(null)}>✕</button>
        </div>
      )}
    </div>
  );
}
