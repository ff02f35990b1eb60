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
  if (hash === location.hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = hash;
  }
}

export function useRoute(): Route {
  const [route, set] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const changed = () => set(readRoute(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
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
