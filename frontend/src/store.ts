// What all views share: the app's facts, jobs in the background, a remark at the bottom, loading with state.
import { useEffect, useRef, useState } from "preact/hooks";
import { address, get, Pending } from "./api";
import type { AppFacts, Job } from "./types";

type Listener = () => void;

/** A value that components follow. */
class Shared<T> {
  private readonly listeners = new Set<Listener>();
  constructor(public value: T) {}

  set(value: T): void {
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }

  follow(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function useShared<T>(shared: Shared<T>): T {
  const [, redraw] = useState({});
  useEffect(() => shared.follow(() => redraw({})), [shared]);
  return shared.value;
}

export const app = new Shared<AppFacts | null>(null);
export const appError = new Shared<string>("");
export const jobs = new Shared<ReadonlyMap<string, Job>>(new Map());
/** Grows when something was stored, so that answers which depend on it are asked for again. */
export const edition = new Shared<number>(0);

export interface Remark {
  text: string;
  action?: string;
  act?: () => void;
}
export const remark = new Shared<Remark | null>(null);
let remarkTimer = 0;

export function tell(text: string, action?: string, act?: () => void): void {
  clearTimeout(remarkTimer);
  remark.set(action && act ? { text, action, act } : { text });
  remarkTimer = window.setTimeout(() => remark.set(null), 9000);
}

let refreshes = 0;

export async function refreshApp(): Promise<void> {
  const own = ++refreshes;
  try {
    const found = await get<AppFacts>(address("app"));
    // An answer that a later one has overtaken would show a home as it was, and nothing would ask again.
    if (own !== refreshes) return;
    app.set(found);
    appError.set("");
  } catch (error) {
    if (own === refreshes) appError.set(error instanceof Error ? error.message : String(error));
  }
}

/** Follows the work in the background for as long as the page is open. */
export function followJobs(): void {
  const source = new EventSource(address("progress"));
  source.addEventListener("job", (event) => {
    const job = JSON.parse((event as MessageEvent<string>).data) as Job;
    const before = jobs.value.get(job.id);
    jobs.set(new Map(jobs.value).set(job.id, job));
    const known = app.value?.homes.find((home) => home.id === job.home);
    const changed = before?.state !== job.state;
    // Answers that name activities or clusters are asked for anew, for the first time or after a correction.
    if (["recognise", "learn", "clusters"].includes(job.what) && job.state === "ready" && before && changed) edition.set(edition.value + 1);
    if (job.what === "open" && changed && known?.state !== job.state) void refreshApp();
  });
}

export type Loaded<T> =
  | { state: "loading"; value: T | null }
  | { state: "pending"; job: Job | null; value: T | null }
  | { state: "ready"; value: T }
  | { state: "failed"; error: string; value: T | null };

/**
 * Loads what belongs to a key and keeps the last answer on screen while the next one is under way.
 * A null key loads nothing. Where the server answers "being made", it asks again once the job is ready.
 */
export function useLoad<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, delay = 0): Loaded<T> {
  const [state, set] = useState<Loaded<T>>({ state: "loading", value: null });
  const latest = useRef(load);
  latest.current = load;
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    let timer = 0;
    let unfollow = () => {};
    // Another home or another question has nothing to keep; the same one at another zoom has.
    const keep = shown.current?.split("|", 1)[0] === key.split("|", 1)[0];
    shown.current = key;
    set((old) => ({ state: "loading", value: keep ? old.value : null }));
    const attempt = async () => {
      unfollow();
      clearTimeout(timer);
      try {
        const value = await latest.current(stop.signal);
        if (!stop.signal.aborted) set({ state: "ready", value });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof Pending) {
          const job = error.job;
          set((old) => ({ state: "pending", job, value: old.value }));
          // The events of the server are quicker; the timer is for proxies that hold them back.
          timer = window.setTimeout(attempt, 3000);
          unfollow = jobs.follow(() => {
            const now = job && jobs.value.get(job.id);
            if (now?.state === "ready" || now?.state === "failed") void attempt();
          });
          return;
        }
        set((old) => ({ state: "failed", error: error instanceof Error ? error.message : String(error), value: old.value }));
      }
    };
    timer = window.setTimeout(attempt, delay);
    return () => {
      stop.abort();
      clearTimeout(timer);
      unfollow();
    };
  }, [key]);
  return state;
}

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`discover.${name}`);
  } catch {
    return null; // Storage may be switched off.
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`discover.${name}`, value);
  } catch {
    // The choice then holds until the page is closed.
  }
}
