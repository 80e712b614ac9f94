// Learning a channel's bug from its own recording: wished for, watched, looked at, put to use.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { newKey, type Schemas, send } from "../../api";
import { listen } from "../../live";
import { useLoaded } from "../../load";
import { wall } from "../../time";
import { Button, Failed, Soft, Switch, say, sayFailed } from "../../ui";
import { STEPS, step, t } from "./words";

type Learning = Schemas["Learning"];

const LAST = [10, 20, 30, 60] as const;
const MINUTE = 60_000;
const two = (number: number): string => String(number).padStart(2, "0");

/** A moment as <input type="datetime-local"> takes it: the browser's own clock. */
function local(moment: number): string {
  const date = new Date(moment);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function Learnings({ name, used }: { name: string; used: () => void }): JSX.Element {
  const list = useLoaded<{ items: Learning[] }>(`/api/v1/channels/${name}/learnings?limit=20`);
  useEffect(() => listen(["learning"], (notice) => {
    if (notice.channel !== name) return;
    const subject = notice.subject as Learning | null;
    const known = list.value.value?.items.some((one) => one.id === notice.subject_id) ?? false;
    if (subject === null || !known || list.value.value === null) list.again();
    else list.value.value = { items: list.value.value.items.map((one) => (one.id === subject.id ? subject : one)) };
  }, list.again), [name, list.again]);
  const items = list.value.value?.items;
  return (
    <section class="card">
      <h2>{t("learn")}</h2>
      <Soft>{t("learn_what")}</Soft>
      <Wish name={name} again={list.again} />
      <Failed error={list.error.value} />
      {items?.length === 0 && <Soft>{t("no_learnings")}</Soft>}
      <ul class="learnings">
        {items?.map((one) => <li key={one.id}><One learning={one} again={list.again} used={used} /></li>)}
      </ul>
    </section>
  );
}

function Wish({ name, again }: { name: string; again: () => void }): JSX.Element {
  const from = useSignal(local(Date.now() - 20 * MINUTE));
  const to = useSignal(local(Date.now() + MINUTE)); // the minute that runs belongs to it
  const region = useSignal("");
  const choose = useSignal("");
  const error = useSignal<Error | null>(null);
  const last = (minutes: number): void => {
    from.value = local(Date.now() - minutes * MINUTE);
    to.value = local(Date.now() + MINUTE);
  };
  const wish = (event: SubmitEvent): void => {
    event.preventDefault();
    const body = {
      from: new Date(from.value).toISOString(),
      to: new Date(to.value).toISOString(),
      ...(region.value.trim() && { region: region.value.trim() }),
      ...(choose.value && { choose: Number(choose.value) }),
    };
    send<Learning>("POST", `/api/v1/channels/${name}/learnings`, { body, key: newKey() }).then(() => {
      error.value = null;
      say(t("wished"));
      again();
    }, (problem: Error) => (error.value = problem));
  };
  return (
    <form class="wish" onSubmit={wish}>
      <div class="row"><span class="soft">{t("last")}</span><Switch label={t("last")} value={0} options={LAST.map((count) => [count, t("minutes", { count })] as const)} onPick={last} /></div>
      <div class="fields">
        <label>{t("from")}<input type="datetime-local" required value={from.value} onInput={(event) => (from.value = event.currentTarget.value)} /></label>
        <label>{t("to")}<input type="datetime-local" required value={to.value} onInput={(event) => (to.value = event.currentTarget.value)} /></label>
      </div>
      <details>
        <summary>{t("narrow")}</summary>
        <div class="fields">
          <label>{t("search_region")}<input placeholder="0.5,0,0.5,0.5" value={region.value} onInput={(event) => (region.value = event.currentTarget.value)} /></label>
          <label>{t("choose")}<input type="number" min="1" max="99" value={choose.value} onInput={(event) => (choose.value = event.currentTarget.value)} /></label>
        </div>
      </details>
      <Failed error={error.value} />
      <div class="row"><button type="submit" class="primary">{t("go")}</button></div>
    </form>
  );
}

function One({ learning, again, used }: { learning: Learning; again: () => void; used: () => void }): JSX.Element {
  const path = `/api/v1/learnings/${learning.id}`;
  const isAtWork = learning.state === "queued" || learning.state === "learning";
  return (
    <article class="learning" aria-label={`${t("learn")} ${learning.id}`}>
      <div class="bar">
        <p><b class="state" data-state={learning.state}>{t(learning.state)}</b> <span class="soft">{t("learnt_from", { from: wall(learning.from_utc), to: wall(learning.to_utc) })} · {t("by", { who: learning.author })}</span></p>
        <div class="row">
          {isAtWork && <Button onClick={() => void send("DELETE", path).then(() => (say(t("taken_back")), again()), sayFailed)}>{t("take_back")}</Button>}
          {learning.report && <a class="button" href={learning.report} target="_blank" rel="noreferrer">{t("report")}</a>}
          {learning.state === "ready" && <Button primary onClick={() => void send("POST", `${path}/use`, { body: {} }).then(() => (say(t("using")), again(), used()), sayFailed)}>{t("use")}</Button>}
        </div>
      </div>
      {learning.state === "learning" && <progress aria-label={t("progress")} max={1} value={learning.share ?? 0} />}
      {learning.message && <p class={learning.state === "failed" ? "failed" : "soft"} aria-live="polite">{said(learning)}</p>}
      {learning.mask && (
        <div class="found">
          <figure class="mask"><img src={learning.mask} alt={t("mask")} /><figcaption>{t("mask")}</figcaption></figure>
          {learning.frame && <figure><img src={learning.frame} alt={t("frame")} loading="lazy" /><figcaption>{t("frame")}</figcaption></figure>}
        </div>
      )}
      {learning.marks && <Marks learning={learning} again={again} />}
    </article>
  );
}

function said({ state, message }: Learning): string | null {
  const known = STEPS.find((one) => one === message);
  return state === "learning" && known !== undefined ? step(known) : message;
}

/** Several marks stay on the picture: a person says which is the bug. */
function Marks({ learning, again }: { learning: Learning; again: () => void }): JSX.Element {
  const number = useSignal("1");
  const wish = (): void => {
    const body = { from: learning.from_utc, to: learning.to_utc, choose: Number(number.value), ...(learning.region && { region: learning.region }) };
    send<Learning>("POST", `/api/v1/channels/${learning.channel}/learnings`, { body, key: newKey() }).then(() => (say(t("wished")), again()), sayFailed);
  };
  return (
    <div class="found">
      <figure><img src={learning.marks ?? ""} alt={t("marks")} loading="lazy" /><figcaption>{t("marks")}</figcaption></figure>
      <div class="row">
        <label>{t("choose")}<input type="number" min="1" max="99" value={number.value} onInput={(event) => (number.value = event.currentTarget.value)} /></label>
        <Button onClick={wish}>{t("choose_mark", { number: number.value })}</Button>
      </div>
    </div>
  );
}
