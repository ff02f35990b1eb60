// The shell: which home and which view, language, colours, keys.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, ofHome } from "./api";
import { isDark, setTheme } from "./colours";
import { HomesView } from "./homes";
import { MapView } from "./map";
import { MomentPanel } from "./moment";
import { ChangesView, ClustersView, DaysView } from "./patterns";
import { PlanView } from "./plan_editor";
import { go, hashOf, type Route, useRoute, VIEWS } from "./route";
import { SearchView } from "./search";
import { app, appError, edition, followJobs, jobs, refreshApp, remember, remembered, useLoad, useShared } from "./store";
import { TimelineView } from "./timeline";
import type { AppFacts, HomeFacts, HomeLine } from "./types";
import { Answered, Dialog, JobBar, Remark } from "./ui";
import { type Language, lang, setLang, t } from "./words";

function App() {
  const route = useRoute();
  const facts = useShared(app);
  const error = useShared(appError);
  const [language, setLanguage] = useState<Language>(lang());
  const [help, setHelp] = useState(false);

  const line = facts?.homes.find((home) => home.id === route.home);
  const first = facts?.homes.find((home) => home.state === "ready") ?? facts?.homes[0];
  useEffect(() => {
    // No home in the address: the first one, or the place to bring one.
    if (!facts || line || route.view === "homes") return;
    go({ ...route, home: first?.id ?? "", view: first ? route.view : "homes" }, true);
  }, [facts, line, first?.id, route.view]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector("dialog[open]")) {
        if (event.key === "Escape") target.blur();
        return;
      }
      if (event.key === "/") {
        event.preventDefault();
        const focus = () => document.getElementById("search")?.focus();
        if (route.view === "search") return focus();
        go({ home: route.home, view: "search", params: {} });
        setTimeout(focus, 50); // Once the view is there.
      } else if (event.key === "?") setHelp(true);
      else {
        const view = VIEWS[Number(event.key) - 1];
        if (view) go({ home: route.home, view, params: {} });
      }
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [route]);
  useEffect(() => {
    // On a phone the row of views is wider than the screen.
    document.querySelector("nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [route.view]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${route.view === "moment" ? t("moment") : t(route.view)} · ${line?.name ?? ""} · DISCOVER`;
  }, [language, route.view, line?.name]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>{t("skip")}</a>
      <header class="top">
        <div class="bar">
          <div class="brand">
            <img src="icon.svg" alt="" />
            {facts && facts.homes.length > 1 ? (
              <select aria-label={t("home")} value={route.home} onChange={(event) => go({ home: event.currentTarget.value, view: route.view === "moment" ? "search" : route.view, params: {} })}>
                {facts.homes.map((home) => <option key={home.id} value={home.id}>{home.name}</option>)}
              </select>
            ) : <span>{line?.name ?? "DISCOVER"}</span>}
          </div>
          <nav aria-label={t("views")}>
            {VIEWS.map((view) => (
              <a key={view} href={hashOf({ home: route.home, view, params: {} })} aria-current={view === route.view ? "page" : undefined}>{t(view)}</a>
            ))}
          </nav>
          <div class="tools">
            <button type="button" class="plain" lang={language === "en" ? "de" : "en"} aria-label={language === "en" ? "DE, Deutsch" : "EN, English"}
              onClick={() => {
                const next = language === "en" ? "de" : "en";
                setLang(next);
                remember("language", next);
                setLanguage(next);
              }}>{language === "en" ? "DE" : "EN"}</button>
            <button type="button" class="plain" aria-label={t("light_dark")} title={t("light_dark")}
              onClick={() => {
                const dark = !isDark();
                remember("theme", dark ? "dark" : "light");
                setTheme(dark);
              }}>◐</button>
            <button type="button" class="plain" aria-label={t("help")} title={t("help")} onClick={() => setHelp(true)}>?</button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {error && <p class="panel error" role="alert">{error}</p>}
        {facts && <View key={language} facts={facts} line={line} route={route} />}
        {!facts && !error && <p class="panel" role="status">{t("loading")}</p>}
      </main>
      {help && <Help close={() => setHelp(false)} />}
      <Remark />
    </>
  );
}

function View({ facts, line, route }: { facts: AppFacts; line: HomeLine | undefined; route: Route }) {
  const stored = useShared(edition);
  const ready = line?.state === "ready";
  const home = useLoad(ready ? `${line.id}|${stored}` : null, (signal) => get<HomeFacts>(ofHome(line?.id ?? "", ""), signal));
  if (route.view === "homes") return <HomesView facts={facts} home={ready && home.value?.id === line?.id ? home.value : null} />;
  if (!line) return null;
  if (!ready) return <NotReady line={line} />;
  return (
    <Answered of={home}>
      {(known) => known.id === line.id ? <HomeView facts={known} route={route} writable={facts.writable} /> : null}
    </Answered>
  );
}

function HomeView({ facts, route, writable }: { facts: HomeFacts; route: Route; writable: boolean }) {
  const { params } = route;
  switch (route.view) {
    case "timeline": return <TimelineView facts={facts} route={route} />;
    case "map": return <MapView facts={facts} route={route} writable={writable} />;
    case "clusters": return <ClustersView facts={facts} />;
    case "changes": return <ChangesView facts={facts} route={route} />;
    case "days": return <DaysView facts={facts} route={route} />;
    case "plan": return <PlanView facts={facts} writable={writable} />;
    case "moment": {
      const stretch = params.begin && params.end ? { begin: Number(params.begin), end: Number(params.end) } : {};
      return (
        <>
          <h1 class="hidden">{t("moment")}</h1>
          <div class="single"><MomentPanel facts={facts} row={params.row ? Number(params.row) : null} {...stretch} writable={writable} /></div>
        </>
      );
    }
    default: return <SearchView facts={facts} route={route} writable={writable} />;
  }
}

function NotReady({ line }: { line: HomeLine }) {
  const job = useShared(jobs).get(`${line.id}/open`);
  return (
    <section class="panel stack" role="status">
      <h1>{line.name}</h1>
      {line.state === "failed" ? <p class="error">{line.error}</p> : job ? <JobBar job={job} /> : <p>{t("waiting")}</p>}
    </section>
  );
}

function Help({ close }: { close: () => void }) {
  const keys: [string, string][] = [
    ["/", t("key_search")], ["1 – 8", t("key_views")], ["↑ ↓", t("key_list")], ["Enter", t("key_enter")], ["← →", t("key_move")],
    ["+ −", t("key_zoom")], ["Shift ← →", t("key_pan")], ["Ctrl + ⟳", t("key_wheel")], ["?", t("key_help")],
  ];
  return (
    <Dialog title={t("help")} close={close}>
      <p class="soft">{t("help_text")}</p>
      <dl class="keys">{keys.map(([key, what]) => <><dt key={key}><kbd>{key}</kbd></dt><dd>{what}</dd></>)}</dl>
    </Dialog>
  );
}

const wanted = remembered("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
setTheme(wanted ? wanted === "dark" : system.matches);
system.addEventListener("change", (event) => remembered("theme") ?? setTheme(event.matches));
const language = remembered("language") ?? navigator.language.slice(0, 2);
setLang(language === "de" ? "de" : "en");
render(<App />, document.getElementById("app") as HTMLElement);
void refreshApp().then(followJobs);
