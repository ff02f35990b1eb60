// The timeline or the map in a notebook: the views of the app, whose questions go to the notebook's program.
import { render } from "preact";
import { ask, askThrough, get, ofHome } from "./api";
import { saveBlob } from "./canvas";
import { setTheme } from "./colours";
import { MapView } from "./map";
import { MomentPanel } from "./moment";
import { go, hashOf, keepRoute, readRoute, useRoute, type View } from "./route";
import { useLoad } from "./store";
import { TimelineView } from "./timeline";
import type { HomeFacts } from "./types";
import { Answered, Remark } from "./ui";
import { setLang, t } from "./words";

/** app.css; put in by build.mjs. */
declare const STYLES: string;

/** What anywidget gives: values that both sides know, and messages with binary parts. */
interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: "msg:custom", listener: (content: Message, buffers: DataView[]) => void): void;
  off(event: "msg:custom", listener: (content: Message, buffers: DataView[]) => void): void;
}

interface Message {
  id: number;
  status: number;
  headers: Record<string, string>;
}

/** Sends questions as messages and hands each answer to who asked. Returns how to stop. */
function connect(model: Model): () => void {
  const waiting = new Map<number, (response: Response) => void>();
  let last = 0;
  const listener = ({ id, status, headers }: Message, buffers: DataView[]) => {
    const view = buffers[0];
    const body = view && new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
    waiting.get(id)?.(new Response(body?.byteLength ? body : null, { status, headers }));
    waiting.delete(id);
  };
  model.on("msg:custom", listener);
  askThrough((url, { method = "GET", body = null, signal }) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, resolve);
      signal?.addEventListener("abort", () => waiting.delete(id) && reject(signal.reason));
      model.send({ id, method, url, body });
    }),
  );
  return () => model.off("msg:custom", listener);
}

function Widget({ home }: { home: string }) {
  const route = useRoute();
  const facts = useLoad(home, (signal) => get<HomeFacts>(ofHome(home, ""), signal));
  const { row, begin, end } = route.params;
  const stretch = begin && end ? { begin: Number(begin), end: Number(end) } : {};
  return (
    <div class="widget stack">
      <nav class="row small" aria-label={t("views")}>
        {(["timeline", "map"] as const).map((view) => (
          <a key={view} class="button" href={hashOf({ home, view, params: {} })} aria-current={view === route.view ? "page" : undefined}>{t(view)}</a>
        ))}
      </nav>
      <Answered of={facts}>
        {(known) => route.view === "moment" ? <MomentPanel facts={known} row={row ? Number(row) : null} {...stretch} writable={false} />
          : route.view === "map" ? <MapView facts={known} route={route} writable={false} />
            : <TimelineView facts={known} route={route} />}
      </Answered>
      <Remark />
    </div>
  );
}

/** A link of the app: to another view of the same home, or to a file. */
function follow(event: Event, home: string): void {
  const link = event.composedPath().find((one): one is HTMLAnchorElement => one instanceof HTMLAnchorElement);
  const to = link?.getAttribute("href") ?? "";
  if (!link || event.defaultPrevented) return;
  event.preventDefault();
  if (!link.hasAttribute("download")) return go({ ...readRoute(to), home });
  void ask(to).then(async (response) => {
    const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
    saveBlob(await response.blob(), name ?? "discover");
  });
}

export default {
  render({ model, el }: { model: Model; el: HTMLElement }): () => void {
    const [home, first] = [String(model.get("home")), model.get("view") as View];
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const [style, place] = [document.createElement("style"), document.createElement("div")];
    style.textContent = STYLES;
    root.append(style, place);
    el.append(host);
    keepRoute({ home, view: first, params: {} });
    setLang(navigator.language.startsWith("de") ? "de" : "en");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const colours = () => {
      // JupyterLab and VS Code say on the body how they look; other notebooks look as the system does.
      const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
      const told = jpThemeLight !== undefined ? jpThemeLight === "false" : vscodeThemeKind?.includes("dark");
      setTheme(told ?? system.matches, host);
    };
    colours();
    const looks = new MutationObserver(colours);
    looks.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
    system.addEventListener("change", colours);
    root.addEventListener("click", (event) => follow(event, home));
    const disconnect = connect(model);
    render(<Widget home={home} />, place);
    return () => {
      render(null, place);
      disconnect();
      looks.disconnect();
      system.removeEventListener("change", colours);
    };
  },
};
