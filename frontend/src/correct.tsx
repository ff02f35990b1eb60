// Corrections: say what was truly done, undo it, see the list.
import { useState } from "preact/hooks";
import { get, ofHome, send } from "./api";
import { hashOf } from "./route";
import { edition, tell, useLoad, useShared } from "./store";
import { clock, shortDay } from "./time";
import type { Correction, Corrections, HomeFacts, Moment, NewCorrection } from "./types";
import { Answered, Dialog } from "./ui";
import { plain, t } from "./words";

export async function storeCorrection(home: string, what: NewCorrection): Promise<boolean> {
  try {
    const made = await send<Correction>("POST", ofHome(home, "corrections"), what);
    edition.set(edition.value + 1);
    tell(t("stored", plain(made.text)), t("undo"), () => void undo(home, made.id));
    return true;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return false;
  }
}

async function undo(home: string, id: string): Promise<void> {
  try {
    await send("DELETE", ofHome(home, `corrections/${encodeURIComponent(id)}`));
    edition.set(edition.value + 1);
    tell(t("undone"));
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
  }
}

/** A field for an activity: those the home knows are offered, any other words are taken as well. */
export function ActivityForm(props: { facts: HomeFacts; label: string; button: string; store: (text: string) => void }) {
  const [text, set] = useState("");
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        const plainText = text.trim();
        // The list shows plain words; what is stored is the home's own name of the activity.
        const known = props.facts.activities.find((name) => plain(name) === plainText);
        if (plainText) props.store(known ?? plainText);
      }}
    >
      <label>
        {props.label}
        <div class="row">
          <input
            class="grow" name="activity" list="activities" value={text} maxLength={200} autocomplete="off" required
            onInput={(event) => set(event.currentTarget.value)}
          />
          <button class="main" type="submit">{props.button}</button>
        </div>
      </label>
      <datalist id="activities">
        {props.facts.activities.map((name) => <option key={name} value={plain(name)} />)}
      </datalist>
    </form>
  );
}

export function CorrectButton({ facts, moment, writable }: { facts: HomeFacts; moment: Moment; writable: boolean }) {
  const [open, set] = useState(false);
  if (!writable) return <button type="button" disabled title={t("read_only")}>{t("correct")}</button>;
  const store = async (text: string) => {
    const what: NewCorrection = { kind: "activity", text, begin: moment.begin, end: moment.end, rows: moment.rows };
    if (await storeCorrection(facts.id, what)) set(false);
  };
  return (
    <>
      <button type="button" onClick={() => set(true)}>{t("correct")}</button>
      {open && (
        <Dialog title={t("what_truly")} close={() => set(false)}>
          <p class="soft num">{shortDay(moment.begin)} {clock(moment.begin)} – {clock(moment.end)}</p>
          <ActivityForm facts={facts} label={t("activity")} button={t("store")} store={store} />
        </Dialog>
      )}
    </>
  );
}

export function CorrectionList({ facts, writable }: { facts: HomeFacts; writable: boolean }) {
  const stored = useShared(edition);
  const found = useLoad(`${facts.id}|${stored}`, (signal) => get<Corrections>(ofHome(facts.id, "corrections"), signal));
  const file = (format: string) => ofHome(facts.id, "export", { what: "corrections", format });
  return (
    <section class="panel">
      <h2>{t("corrections")}</h2>
      <p class="soft small">{t(writable ? "corrections_help" : "read_only")}</p>
      <Answered of={found}>
        {(answer) => (
          <>
            {answer.note && <p class="small">{answer.note}</p>}
            {answer.corrections.length > 0 && <p class="small">{t(answer.learned ? "learned" : "not_learned")}</p>}
            {answer.corrections.length === 0 ? <p class="soft">{t("none_yet")}</p> : (
              <div class="scroll" tabIndex={0} role="region" aria-label={t("corrections")}>
                <table>
                  <thead><tr><th>{t("time")}</th><th>{t("what")}</th><th>{t("windows")}</th><th><span class="hidden">{t("undo")}</span></th></tr></thead>
                  <tbody>
                    {answer.corrections.map((one) => (
                      <tr key={one.id}>
                        <td class="num">
                          <a href={hashOf({ home: facts.id, view: "moment", params: { begin: String(one.begin), end: String(one.end) } })}>
                            {shortDay(one.begin)} {clock(one.begin)}
                          </a>
                        </td>
                        <td>{plain(one.text)} <span class="soft small">{t(one.kind === "name" ? "a_name" : "an_activity")}</span></td>
                        <td class="num">{one.windows.length}</td>
                        <td>{writable && <button type="button" onClick={() => void undo(facts.id, one.id)}>{t("undo")}</button>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            <p class="row">
              <a class="button" href={file("csv")} download>CSV</a>
              <a class="button" href={file("parquet")} download>Parquet</a>
              <a class="button" href={file("ics")} download>iCal</a>
            </p>
          </>
        )}
      </Answered>
    </section>
  );
}
