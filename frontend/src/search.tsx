// A question, what was understood of it, and the moments that answer.
import { useEffect, useRef, useState } from "preact/hooks";
import { ofHome, send } from "./api";
import { MomentPanel } from "./moment";
import { go, hashOf, type Route } from "./route";
import { edition, useLoad, useShared } from "./store";
import { clock, DAY, parse, shortDay } from "./time";
import type { Chip, Hits, HomeFacts, Reply } from "./types";
import { Answered, HitCard, roomName } from "./ui";
import { said, t } from "./words";

interface Props {
  facts: HomeFacts;
  route: Route;
  writable: boolean;
}

/** A sentence that asks for more than moments; the server decides what it asks. */
const QUESTION = /\?\s*$|^\s*(how|when|what|who|which|did|does|do|is|was|were|are|has)\b/i;
const EXAMPLES = ["example_1", "example_2", "example_3", "example_4", "example_5"] as const;

export function SearchView({ facts, route, writable }: Props) {
  const { params } = route;
  const query = params.q ?? "";
  const stored = useShared(edition);
  const change = (changes: Record<string, string>, replace = false) =>
    go({ ...route, params: { ...params, ...changes } }, replace);
  const asked = JSON.stringify(requestOf(params));
  const found = useLoad(query ? `${facts.id} ${query}|${asked}${stored}` : null, () =>
    send<Hits>("POST", ofHome(facts.id, "search"), requestOf(params)),
  );
  const row = params.row === undefined ? null : Number(params.row);
  const hit = found.value?.hits.find((one) => one.row === row);
  return (
    <div class={`search stack${row === null ? "" : " opened"}`}>
      <div class="ask stack">
        <h1 class="hidden">{t("search")}</h1>
        <SearchBox query={query} ask={(q) => change({ q, without: "", row: "" })} />
        <Narrow facts={facts} params={params} change={change} />
        {found.value && (
          <Chips
            answer={found.value}
            toggle={(chip) => change({ without: toggled(params.without, chip.id), row: "" })}
            edit={(chip, words) => change({ q: replaced(query, chip.words, words), without: "", row: "" })}
          />
        )}
      </div>
      {QUESTION.test(query) && <Said facts={facts} question={query} />}
      {!query && <Examples ask={(q) => change({ q })} facts={facts} />}
      {query && (
        <div class="columns">
          <div class="hits">
            <Answered of={found}>
              {(answer) => (
                <HitList answer={answer} facts={facts} row={row} open={(one) => change({ row: String(one) })}
                  more={answer.hits.length >= Number(params.k ?? 10) ? () => change({ k: String(Math.min(200, Number(params.k ?? 10) + 10)) }) : undefined} />
              )}
            </Answered>
          </div>
          <div class="detail">
            {row !== null && (
              <>
                <button type="button" class="back" onClick={() => change({ row: "" })}>← {t("back_to_hits")}</button>
                {hit ? (
                  <MomentPanel facts={facts} row={row} begin={hit.begin} end={hit.end} hit={hit}
                    chips={found.value?.chips ?? []} writable={writable} />
                ) : (
                  found.state === "ready" && <MomentPanel facts={facts} row={row} writable={writable} />
                )}
              </>
            )}
            {row === null && found.value && found.value.hits.length > 0 && <p class="panel empty">{t("choose_hit")}</p>}
          </div>
        </div>
      )}
    </div>
  );
}

function requestOf(params: Record<string, string>) {
  const hours = /^(\d{1,2})(?::\d\d)?-(\d{1,2})/.exec(params.hours ?? "");
  return {
    query: params.q ?? "",
    k: Number(params.k ?? 10),
    without: params.without ? params.without.split(",") : [],
    filters: {
      after: params.after ? parse(params.after) : null,
      before: params.before ? parse(params.before) + DAY : null,
      hours: hours ? [Number(hours[1]), Number(hours[2])] : null,
      rooms: params.rooms ? params.rooms.split(",") : [],
    },
  };
}

function toggled(list: string | undefined, id: string): string {
  const kept = new Set(list ? list.split(",") : []);
  if (!kept.delete(id)) kept.add(id);
  return [...kept].join(",");
}

/** The sentence with other words for a condition; where its words do not stand together, the new ones are added. */
function replaced(query: string, words: string, by: string): string {
  const at = query.toLowerCase().indexOf(words.toLowerCase());
  const next = at < 0 ? `${query} ${by}` : query.slice(0, at) + by + query.slice(at + words.length);
  return next.replace(/\s+/g, " ").trim();
}

function SearchBox({ query, ask }: { query: string; ask: (query: string) => void }) {
  const [text, set] = useState(query);
  useEffect(() => set(query), [query]);
  return (
    <form
      class="searchbox" role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) ask(text.trim());
      }}
    >
      <input
        id="search" type="search" name="q" value={text} maxLength={2000} autocomplete="off" placeholder={t("ask_anything")}
        aria-label={t("ask_anything")} aria-keyshortcuts="/" onInput={(event) => set(event.currentTarget.value)}
      />
      <button class="main" type="submit">{t("search")}</button>
    </form>
  );
}

function Chips(props: { answer: Hits; toggle: (chip: Chip) => void; edit: (chip: Chip, words: string) => void }) {
  const { answer } = props;
  const [editing, edit] = useState<string | null>(null);
  if (!answer.chips.length) return answer.note ? <p class="small soft">{answer.note}</p> : null;
  return (
    <div>
      <ul class="chips" aria-label={t("understood")}>
        <li class="soft small label">{t("understood")}</li>
        {answer.chips.map((chip) => (
          <li key={chip.id} class={`chip${chip.active ? "" : " off"}`}>
            {editing === chip.id ? (
              <ChipField
                chip={chip} cancel={() => edit(null)}
                done={(words) => {
                  edit(null);
                  if (words !== chip.words) props.edit(chip, words);
                }}
              />
            ) : (
              <>
                <span class="text small"><b>{chip.words}</b> <span class="soft">= {said(chip.meaning)}</span></span>
                <button type="button" aria-label={t("edit_chip", chip.words)} title={t("edit")} onClick={() => edit(chip.id)}>✎</button>
                <button
                  type="button" onClick={() => props.toggle(chip)} title={t(chip.active ? "remove" : "restore")}
                  aria-label={t(chip.active ? "remove_chip" : "restore_chip", chip.words)}
                >
                  {chip.active ? "✕" : "↺"}
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      {answer.note && <p class="small soft">{answer.note}</p>}
    </div>
  );
}

function ChipField({ chip, done, cancel }: { chip: Chip; done: (words: string) => void; cancel: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        done(field.current?.value.trim() ?? "");
      }}
    >
      <input
        ref={field} defaultValue={chip.words} aria-label={t("edit_chip", chip.words)}
        onKeyDown={(event) => event.key === "Escape" && cancel()} onBlur={(event) => done(event.currentTarget.value.trim())}
      />
    </form>
  );
}

function HitList(props: { answer: Hits; facts: HomeFacts; row: number | null; open: (row: number) => void; more?: (() => void) | undefined }) {
  const { answer, facts } = props;
  const list = useRef<HTMLDivElement>(null);
  if (!answer.hits.length) return <p class="panel empty">{t("no_hits")}</p>;
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>(".hit") ?? [])];
    buttons[Math.max(0, Math.min(buttons.length - 1, buttons.indexOf(document.activeElement as HTMLElement) + step))]?.focus();
  };
  return (
    <div class="stack" ref={list} onKeyDown={move}>
      <p class="small soft num" role="status">
        {t("n_hits", answer.hits.length, answer.windows.toLocaleString())} · {Math.round(answer.took_ms)} ms · {said(answer.how)}
      </p>
      {answer.hits.map((hit) => (
        <HitCard key={`${hit.row} ${hit.begin}`} hit={hit} facts={facts} current={hit.row === props.row} open={() => props.open(hit.row)} />
      ))}
      {props.more && <button type="button" onClick={props.more}>{t("more_hits")}</button>}
    </div>
  );
}

function Narrow(props: { facts: HomeFacts; params: Record<string, string>; change: (c: Record<string, string>) => void }) {
  const { facts, params, change } = props;
  const set = [params.after, params.before, params.hours, params.rooms].filter(Boolean).length;
  const rooms = params.rooms ? params.rooms.split(",") : [];
  return (
    <details open={set > 0}>
      <summary class="small">{t("narrow")}{set > 0 && ` (${set})`}</summary>
      <div class="row small narrow">
        <label>{t("from")} <input type="date" value={params.after ?? ""} onChange={(e) => change({ after: e.currentTarget.value })} /></label>
        <label>{t("to")} <input type="date" value={params.before ?? ""} onChange={(e) => change({ before: e.currentTarget.value })} /></label>
        <label>
          {t("hours")}{" "}
          <input size={6} placeholder="22-5" value={params.hours ?? ""} pattern="\d{1,2}-\d{1,2}"
            onChange={(e) => e.currentTarget.checkValidity() && change({ hours: e.currentTarget.value })} />
        </label>
        <label>
          {t("room")}{" "}
          <select value={rooms[0] ?? ""} onChange={(e) => change({ rooms: e.currentTarget.value })}>
            <option value="">{t("all_rooms")}</option>
            {facts.rooms.map((room) => <option key={room.room} value={room.room}>{roomName(facts, room.room)}</option>)}
          </select>
        </label>
        {set > 0 && <button type="button" onClick={() => change({ after: "", before: "", hours: "", rooms: "" })}>{t("clear")}</button>}
      </div>
    </details>
  );
}

/** The answer in a sentence, where the question asks for a number or a time; its latest moments. */
function Said({ facts, question }: { facts: HomeFacts; question: string }) {
  const found = useLoad(`${facts.id} ${question}|said`, () =>
    send<Reply>("POST", ofHome(facts.id, "ask"), { question, k: 5 }),
  );
  const reply = found.value;
  if (!reply || reply.asks === "find" || !(reply.said || reply.refusal)) return null;
  return (
    <section class="panel" role="status">
      <p><strong>{reply.said || reply.refusal}</strong></p>
      <p class="soft small">{[...reply.understood, ...reply.read_from, ...reply.notes].join(" · ")}</p>
      <div class="row small">
        {reply.moments.map(({ begin, end }) => (
          <a key={begin} class="button num"
            href={hashOf({ home: facts.id, view: "moment", params: { begin: String(Math.floor(begin)), end: String(Math.ceil(end) + 1) } })}>
            {shortDay(begin)} {clock(begin, false)}
          </a>
        ))}
      </div>
    </section>
  );
}

function Examples({ ask, facts }: { ask: (query: string) => void; facts: HomeFacts }) {
  return (
    <section class="panel">
      <h2>{t("try_one")}</h2>
      <div class="row">
        {EXAMPLES.map((key) => (
          <button type="button" key={key} onClick={() => ask(t(key))} lang="en">{t(key)}</button>
        ))}
      </div>
      <p class="soft small about">{t("about_home", facts.name, facts.events.toLocaleString(), facts.rooms.length, facts.sensors.length)}</p>
      {facts.notes.length > 0 && (
        <details class="small">
          <summary>{t("n_notes", facts.notes.length)}</summary>
          <ul>{facts.notes.map((note) => <li key={note}>{note}</li>)}</ul>
        </details>
      )}
    </section>
  );
}
