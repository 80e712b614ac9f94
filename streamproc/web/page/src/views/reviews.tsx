// What is uncertain, on all channels, most urgent first: pictures, what is asked, one button that says it is right.

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { type Schemas, all, send } from "../api";
import { type Key, useKeys } from "../keys";
import { listenInBursts } from "../live";
import { may } from "../me";
import { wall } from "../time";
import { Button, Failed, Switch, say, sayFailed } from "../ui";
import { language, plural, words } from "../words";
import "../style/programme.css";
import "../style/reviews.css";
import { Frame } from "./programme/frames";

type Waiting = Schemas["Waiting"];

const t = words(
  {
    title: "To check", none: "Nothing waits for you. Everything is sure, or somebody has looked at it.", none_unseen: "You have seen all of it.", right: "It is right", open: "Open in the programme",
    unseen: "Not seen", mark_seen: "Mark as seen", which: "Which are shown", all: "all", fresh: "not seen",
    boundary: "Cut", name: "Name", split: "Split", until: "the recording of it is kept until {time}", accepted: "Noted: it is right.",
    before: "last frame before", after: "first frame after", k_next: "next", k_previous: "previous", k_right: "it is right", k_open: "open in the programme", k_seen: "mark as seen",
  },
  {
    title: "Проверить", none: "Проверять нечего: всё определено уверенно или уже просмотрено.", none_unseen: "Вы всё просмотрели.", right: "Верно", open: "Открыть в программе",
    unseen: "Не просмотрено", mark_seen: "Отметить просмотренным", which: "Что показано", all: "всё", fresh: "непросмотренное",
    boundary: "Граница", name: "Название", split: "Стык", until: "запись хранится до {time}", accepted: "Отмечено: верно.",
    before: "последний кадр до", after: "первый кадр после", k_next: "следующее", k_previous: "предыдущее", k_right: "верно", k_open: "открыть в программе", k_seen: "отметить просмотренным",
  },
);
const BURST_MS = 150;

const keyOf = (one: Waiting): string => `${one.doubt}${one.subject_id}`;
const urgency = (one: Waiting, other: Waiting): number =>
  Number(other.orders.length > 0) - Number(one.orders.length > 0) || Date.parse(one.until_utc) - Date.parse(other.until_utc);

export function ReviewsView(): JSX.Element {
  const { route } = useLocation();
  const items = useSignal<readonly Waiting[] | null>(null);
  const titles = useSignal<Readonly<Record<string, string>>>({});
  const error = useSignal<Error | null>(null);
  const only = useSignal<"fresh" | "all">("all");
  const selected = useSignal("");
  const asked = useRef(0);
  const again = useCallback(async () => {
    const mine = ++asked.current;
    try {
      const channels = await all<Schemas["Channel"]>("/api/v1/channels");
      const lists = await Promise.all(channels.map((channel) => all<Waiting>(`/api/v1/channels/${encodeURIComponent(channel.name)}/reviews`)));
      if (mine !== asked.current) return;
      items.value = lists.flat().sort(urgency);
      titles.value = Object.fromEntries(channels.map((channel) => [channel.name, channel.title]));
      error.value = null;
    } catch (problem) {
      if (mine === asked.current) error.value = problem as Error;
    }
  }, []);
  useEffect(() => {
    void again();
    return listenInBursts(["review", "boundary", "programme", "edit", "order"], BURST_MS, () => void again());
  }, [again]);
  const shown = useComputed(() => (items.value ?? []).filter((one) => only.value === "all" || !one.seen));
  const acts = useMemo(() => actsOf({ items, selected, shown, again, route }), [again, route]);
  useKeys(acts.keys);
  return (
    <section>
      <div class="bar">
        <h1>{t("title")}{items.value !== null && <span class="soft"> · {items.value.length}</span>}</h1>
        <Switch label={t("which")} value={only.value} options={[["all", t("all")], ["fresh", t("fresh")]]} onPick={(which) => (only.value = which)} />
      </div>
      <Failed error={error.value} />
      {items.value !== null && shown.value.length === 0 && <p class="soft">{t(items.value.length === 0 ? "none" : "none_unseen")}</p>}
      <ol class="reviews">
        {shown.value.map((one) => <Card key={keyOf(one)} one={one} channel={titles.value[one.channel] ?? one.channel} isSelected={selected.value === keyOf(one)} acts={acts} />)}
      </ol>
    </section>
  );
}

interface Acts {
  keys: Key[];
  select: (one: Waiting) => void;
  accept: (one: Waiting) => void;
  see: (one: Waiting) => void;
}

function actsOf({ items, selected, shown, again, route }: {
  items: { value: readonly Waiting[] | null };
  selected: { value: string };
  shown: { value: readonly Waiting[] };
  again: () => Promise<void>;
  route: (path: string) => void;
}): Acts {
  const select = (one: Waiting): void => void (selected.value = keyOf(one));
  const accept = (one: Waiting): void => {
    void (async () => {
      const next = shown.value[shown.value.indexOf(one) + 1];
      await send("POST", one.review, { body: { verdict: "accepted" } });
      if (next !== undefined) select(next);
      await again();
      say(t("accepted"));
    })().catch(sayFailed);
  };
  const see = (one: Waiting): void => {
    if (one.seen) return;
    items.value = (items.value ?? []).map((other) => (keyOf(other) === keyOf(one) ? { ...other, seen: true } : other));
    void send("POST", "/api/v1/seen", { body: { kind: one.doubt, subject_id: one.subject_id } }).catch((problem: unknown) => {
      sayFailed(problem);
      void again();
    });
  };
  const current = (): Waiting | undefined => shown.value.find((one) => keyOf(one) === selected.value);
  const go = (by: number) => () => {
    const here = shown.value.findIndex((one) => keyOf(one) === selected.value);
    const next = shown.value[here < 0 ? 0 : Math.min(shown.value.length - 1, Math.max(0, here + by))];
    if (next !== undefined) select(next);
  };
  const withCurrent = (act: (one: Waiting) => void) => () => {
    const one = current();
    if (one !== undefined) act(one);
  };
  const open = (one: Waiting): void => {
    see(one);
    if (one.programme_id !== null) route(pathOf(one));
  };
  const keys: Key[] = [
    { key: "ArrowDown", what: () => t("k_next"), run: go(1) },
    { key: "ArrowUp", what: () => t("k_previous"), run: go(-1) },
    { key: "j", what: () => t("k_next"), run: go(1) },
    { key: "k", what: () => t("k_previous"), run: go(-1) },
    { key: "a", what: () => t("k_right"), run: withCurrent((one) => may.value.has("edit") && accept(one)) },
    { key: "Enter", what: () => t("k_open"), run: withCurrent(open) },
    { key: "s", what: () => t("k_seen"), run: withCurrent(see) },
  ];
  return { keys, select, accept, see };
}

const pathOf = (one: Waiting): string =>
  `/programme/${one.programme_id}${one.doubt === "boundary" ? `?cut=${one.subject_id}` : ""}`;

function Card({ one, channel, isSelected, acts }: { one: Waiting; channel: string; isSelected: boolean; acts: Acts }): JSX.Element {
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isSelected) card.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  const asked = one.message[language.value];
  return (
    <li ref={card} class="card review" data-review={keyOf(one)} data-selected={isSelected} data-seen={one.seen} onClick={() => acts.select(one)}>
      <Pictures one={one} />
      <div class="said">
        <p class="soft">
          {!one.seen && <b class="fresh">{t("unseen")} · </b>}
          <span>{t(one.doubt)}</span> · <a href={`/channel/${one.channel}`}>{channel}</a>{one.utc && <> · <time dateTime={one.utc}>{wall(one.utc)}</time></>}
        </p>
        <h2>{asked}</h2>
        <p class="soft">
          {one.orders.length > 0 && <b class="warned">{ordersWord(one.orders.length)} · </b>}
          {t("until", { time: wall(one.until_utc) })}
        </p>
        <div class="row">
          {may.value.has("edit") && <Button primary={isSelected} onClick={() => acts.accept(one)} label={`${t("right")}: ${asked}`} shortcut="A">{t("right")}</Button>}
          {one.programme_id !== null && <a class="button" href={pathOf(one)} onClick={() => acts.see(one)}>{t("open")}</a>}
          {!one.seen && <Button onClick={() => acts.see(one)} shortcut="S">{t("mark_seen")}</Button>}
        </div>
      </div>
    </li>
  );
}

const ordersWord = (count: number): string =>
  language.value === "ru"
    ? `${count} ${plural(count, ["заказ ждёт", "заказа ждут", "заказов ждут"])} этого`
    : `${count} ${plural(count, ["order waits", "orders wait", "orders wait"])} for it`;

/** The frames before and after the place that is in doubt. */
function Pictures({ one }: { one: Waiting }): JSX.Element | null {
  if (one.epoch === null || one.frame === null) return null;
  const where = { channel: one.channel, epoch: one.epoch };
  return (
    <div class="pair">
      <Frame where={where} frame={one.frame - 1} alt={t("before")} {...(one.before === null ? {} : { kind: one.before })} />
      <Frame where={where} frame={one.frame} alt={t("after")} {...(one.after === null ? {} : { kind: one.after })} />
    </div>
  );
}
