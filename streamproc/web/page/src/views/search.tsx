// Search over what was and will be on air: names, descriptions, dates, channels.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { type Schemas, get } from "../api";
import { type Key, useKeys } from "../keys";
import { useLoaded } from "../load";
import { day, minute } from "../time";
import { Failed } from "../ui";
import { plural, words } from "../words";
import "../style/search.css";

type Found = Schemas["Found"];

const t = words(
  {
    title: "Search", words: "Words of the name or the description", channel: "Channel", every: "all channels", from: "From", to: "To and with", none: "Nothing was found. Try fewer words, or another date.",
    ask: "Write a word or choose a date.", unnamed: "No name in the schedule", listing: "in the schedule", one: "result", few: "results", many: "results", most: "The first {n} are shown; more words narrow it down.",
    k_down: "next result", k_up: "previous result", k_field: "write what is searched for",
  },
  {
    title: "Поиск", words: "Слова из названия или описания", channel: "Канал", every: "все каналы", from: "С", to: "По (включительно)", none: "Ничего не найдено. Попробуйте меньше слов или другую дату.",
    ask: "Введите слово или выберите дату.", unnamed: "В программе передач нет названия", listing: "в программе передач", one: "результат", few: "результата", many: "результатов", most: "Показаны первые {n}; уточните запрос.",
    k_down: "следующий результат", k_up: "предыдущий результат", k_field: "ввести запрос",
  },
);
const PAUSE_MS = 250;
const MOST = 100;
const DAY_MS = 24 * 3600 * 1000;

interface Asked {
  q: string;
  channel: string;
  from: string;
  to: string;
}

const isEmpty = (asked: Asked): boolean => Object.values(asked).every((value) => value === "");

/** The midnight with which a day begins here, as the API wants it. */
const midnight = (date: string, later = 0): string => new Date(new Date(`${date}T00:00`).getTime() + later).toISOString();

function queryOf({ q, channel, from, to }: Asked): string {
  const said = new URLSearchParams({ limit: String(MOST) });
  if (q !== "") said.set("q", q.slice(0, 200));
  if (channel !== "") said.set("channel", channel);
  if (from !== "") said.set("from", midnight(from));
  if (to !== "") said.set("to", midnight(to, DAY_MS));
  return said.toString();
}

export function SearchView(): JSX.Element {
  const { query, path, route } = useLocation();
  const asked: Asked = { q: query["q"] ?? "", channel: query["channel"] ?? "", from: query["from"] ?? "", to: query["to"] ?? "" };
  const channels = useLoaded<{ items: Schemas["Channel"][] }>("/api/v1/channels");
  const found = useSignal<readonly Found[] | null>(null);
  const error = useSignal<Error | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const search = isEmpty(asked) ? null : queryOf(asked);
  useEffect(() => {
    if (search === null) {
      found.value = null;
      return undefined;
    }
    const control = new AbortController();
    const timer = setTimeout(() => {
      get<{ items: Found[] }>(`/api/v1/search?${search}`, control.signal).then(
        ({ items }) => ([found.value, error.value] = [items, null]),
        (problem: Error) => control.signal.aborted || (error.value = problem),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [search]);
  useKeys(useMemo<Key[]>(() => [
    { key: "ArrowDown", what: () => t("k_down"), run: () => focusResult(1) },
    { key: "ArrowUp", what: () => t("k_up"), run: () => focusResult(-1) },
    { key: "/", what: () => t("k_field"), run: () => field.current?.focus() },
  ], []));
  // What is searched for stands in the address, so that it can be sent to somebody and outlives a refresh.
  const put = (change: Partial<Asked>): void => {
    const said = new URLSearchParams(Object.entries({ ...asked, ...change }).filter(([, value]) => value !== ""));
    route(`${path}${said.size > 0 ? `?${said}` : ""}`, true);
  };
  const names = channels.value.value?.items ?? [];
  return (
    <section class="search">
      <h1>{t("title")}</h1>
      <form role="search" onSubmit={(event) => (event.preventDefault(), focusResult(1))}>
        <label class="words">{t("words")}<input ref={field} type="search" value={asked.q} maxLength={200} autoFocus onInput={(event) => put({ q: event.currentTarget.value })} /></label>
        <label>{t("channel")}
          <select value={asked.channel} onChange={(event) => put({ channel: event.currentTarget.value })}>
            <option value="">{t("every")}</option>
            {names.map((channel) => <option key={channel.name} value={channel.name}>{channel.title}</option>)}
          </select>
        </label>
        <label>{t("from")}<input type="date" value={asked.from} onChange={(event) => put({ from: event.currentTarget.value })} /></label>
        <label>{t("to")}<input type="date" value={asked.to} onChange={(event) => put({ to: event.currentTarget.value })} /></label>
      </form>
      <Failed error={error.value} />
      <p class="soft" role="status">{said(search, found.value)}</p>
      <ol class="found">
        {found.value?.map((one) => <Result key={`${one.programme_id ?? one.start_utc}${one.channel}`} one={one} channel={names.find(({ name }) => name === one.channel)?.title ?? one.channel} />)}
      </ol>
    </section>
  );
}

function said(search: string | null, found: readonly Found[] | null): string {
  if (search === null) return t("ask");
  if (found === null) return "";
  if (found.length === 0) return t("none");
  if (found.length >= MOST) return t("most", { n: MOST });
  return `${found.length} ${plural(found.length, [t("one"), t("few"), t("many")])}`;
}

/** Moves the focus along the results. */
function focusResult(by: number): void {
  const results = Array.from(document.querySelectorAll<HTMLElement>(".found a"));
  const here = results.indexOf(document.activeElement as HTMLElement);
  results[Math.min(results.length - 1, Math.max(0, here + by))]?.focus();
}

function Result({ one, channel }: { one: Found; channel: string }): JSX.Element {
  const place = one.programme_id === null ? `/channel/${encodeURIComponent(one.channel)}?at=${encodeURIComponent(one.start_utc)}` : `/programme/${one.programme_id}`;
  return (
    <li class="card" data-programme={one.programme_id ?? undefined}>
      <p class="when"><time dateTime={one.start_utc}>{day(one.start_utc)}, {minute(one.start_utc)}</time><small class="soft">{channel}{one.programme_id === null && ` · ${t("listing")}`}</small></p>
      <div>
        <a href={place}>{one.title ?? t("unnamed")}</a>
        {one.description !== null && <p class="soft about">{one.description}</p>}
      </div>
    </li>
  );
}
