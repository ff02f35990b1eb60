// The homes of the app, and new ones by drag and drop.
import { useRef, useState } from "preact/hooks";
import { upload } from "./api";
import { CorrectionList } from "./correct";
import { hashOf } from "./route";
import { jobs, refreshApp, tell, useShared } from "./store";
import type { AppFacts, HomeFacts, HomeLine } from "./types";
import { JobBar, Progress } from "./ui";
import { t } from "./words";

export function HomesView({ facts, home }: { facts: AppFacts; home: HomeFacts | null }) {
  return (
    <div class="stack">
      <h1>{t("homes")}</h1>
      {facts.uploads ? <Drop limit={facts.max_upload_bytes} /> : <p class="small soft">{t("no_uploads")}</p>}
      <div class="cards">{facts.homes.map((line) => <HomeCard key={line.id} line={line} />)}</div>
      {home && <CorrectionList facts={home} writable={facts.writable} />}
    </div>
  );
}

function HomeCard({ line }: { line: HomeLine }) {
  const running = [...useShared(jobs).values()].filter(
    (job) => job.home === line.id && (job.state === "working" || job.state === "failed"),
  );
  return (
    <section class="panel stack">
      <div>
        <h2>{line.name}</h2>
        {line.title && <p>{line.title}</p>}
        <p class="small soft source">{line.source} · {t(line.trained ? "trained" : "untrained")}</p>
      </div>
      {running.map((job) => job.state === "failed" ? <p key={job.id} class="small error" role="alert">{job.error}</p> : <JobBar key={job.id} job={job} />)}
      {line.state === "failed" && running.length === 0 && <p class="small error" role="alert">{line.error}</p>}
      {line.state === "waiting" && <p class="small soft">{t("waiting")}</p>}
      {line.state === "ready" && (
        <p class="row">
          <a class="button" href={hashOf({ home: line.id, view: "search", params: {} })}>{t("search")}</a>
          <a class="button" href={hashOf({ home: line.id, view: "timeline", params: {} })}>{t("timeline")}</a>
        </p>
      )}
    </section>
  );
}

function Drop({ limit }: { limit: number }) {
  const [over, setOver] = useState(false);
  const [sending, setSending] = useState<{ name: string; share: number } | null>(null);
  const [error, setError] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > limit) return setError(t("too_large", file.name, megabytes(file.size), megabytes(limit)));
    setError("");
    setSending({ name: file.name, share: 0 });
    try {
      const line = await upload<HomeLine>(file, (share) => setSending({ name: file.name, share }));
      await refreshApp();
      tell(t("taken", line.name));
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
    setSending(null);
    if (field.current) field.current.value = "";
  };
  return (
    <section
      class={`drop${over ? " over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files[0]);
      }}
    >
      <p><b>{t("drop_here")}</b></p>
      <p class="small soft">{t("drop_help", megabytes(limit))}</p>
      <label class="button">
        {t("choose_file")}
        <input ref={field} class="hidden" type="file" onChange={(event) => void take(event.currentTarget.files?.[0])} />
      </label>
      {sending && (
        <div class="stack">
          <p class="small">{t("sending", sending.name)}</p>
          <Progress share={sending.share} label={t("sending", sending.name)} />
        </div>
      )}
      {error && <p class="small error" role="alert">{error}</p>}
    </section>
  );
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1_048_576).toLocaleString()} MB`;

