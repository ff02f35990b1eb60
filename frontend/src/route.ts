// Where the viewer is. Every view is a hash that can be copied and opened elsewhere:
// #/HOME/VIEW?key=value. What is not in the hash is not part of a view.
import { useEffect, useState } from "preact/hooks";

export const VIEWS = ["search", "timeline", "map", "clusters", "changes", "days", "plan", "homes"] as const;
export type View = (typeof VIEWS)[number] | "moment";

export interface Route {
  home: string;
  view: View;
  params: Record<string, string>;
}

/** Where the hash is kept: in the address of the page, or in a widget's own memory. */
let own: string | null = null;
const changes = new EventTarget();

export const isInPage = (): boolean => own === null;
const here = (): string => own ?? location.hash;

/** Leaves the address of the page alone: it is a notebook's. */
export function keepRoute(route: Route): void {
  own = hashOf(route);
}

export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [home = "", view = "search"] = path.split("/").map(decoded);
  const known = view === "moment" || (VIEWS as readonly string[]).includes(view);
  return { home, view: known ? (view as View) : "search", params: Object.fromEntries(new URLSearchParams(query)) };
}

export function hashOf(route: Route): string {
  const kept = Object.entries(route.params).filter(([, value]) => value !== "");
  const query = new URLSearchParams(kept).toString();
  return `#/${encodeURIComponent(route.home)}/${route.view}${query ? `?${query}` : ""}`;
}

/** Goes somewhere; `replace` leaves no step for the back button (panning, typing). */
export function go(route: Route, replace = false): void {
  const hash = hashOf(route);
  if (hash === here()) return;
  if (own === null && !replace) {
    location.hash = hash;
    return;
  }
  if (own === null) history.replaceState(null, "", hash);
  else own = hash;
  changes.dispatchEvent(new Event("hashchange"));
}

export function useRoute(): Route {
  const [route, set] = useState(() => readRoute(here()));
  useEffect(() => {
    const changed = () => set(readRoute(here()));
    const sources = own === null ? [changes, window] : [changes];
    for (const source of sources) source.addEventListener("hashchange", changed);
    return () => {
      for (const source of sources) source.removeEventListener("hashchange", changed);
    };
  }, []);
  return route;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
