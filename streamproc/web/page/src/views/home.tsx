// All channels at a glance: what is on air, since when, what has just ended, and whether all is well.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import type { Schemas } from "../api";
import { listen } from "../live";
import { useLoaded } from "../load";
import { length, minute, ms, now } from "../time";
import { Button, Failed, Kind, Soft } from "../ui";
import { words } from "../words";
import { knownAt, type Programme } from "./channel/model";
import { Health } from "../health";
import { newestPicture, Strip, useLastHour } from "./home/strip";
import "./home/style.css";

type Channel = Schemas["Channel"];

const t = words(
  {
    title: "Channels", none: "No channel is configured. Add a [[channels]] table to streamproc.toml.", nothing: "nothing on air",
    alarm: "the model no longer fits", ended: "ended {time}", unnamed: "Unnamed programme", choose: "Put beside others: {title}", together: "Side by side", picture: "{title}, just now",
    running: "since {time}", how: "Choose two to four channels to see them side by side.",
  },
  {
    title: "Каналы", none: "Не настроен ни один канал. Добавьте таблицу [[channels]] в streamproc.toml.", nothing: "ничего в эфире",
    alarm: "модель больше не подходит", ended: "кончилась в {time}", unnamed: "Программа без названия", choose: "Поставить рядом с другими: {title}", together: "Рядом", picture: "{title}, только что",
    running: "с {time}", how: "Выберите от двух до четырёх каналов, чтобы видеть их рядом.",
  },
);
const MOST = 4;

export function Home(): JSX.Element {
  const channels = useLoaded<{ items: Channel[] }>("/api/v1/channels");
  const chosen = useSignal<readonly string[]>([]);
  const { route } = useLocation();
  useEffect(() => listen(["channel", "segment", "epoch", "alarm"], channels.again, channels.again), [channels.again]);
  useEffect(() => {
    const timer = setInterval(channels.again, 10_000);
    return () => clearInterval(timer);
  }, [channels.again]);
  const items = channels.value.value?.items;
  const choose = (name: string, isChosen: boolean): void => {
    const others = chosen.value.filter((one) => one !== name);
    chosen.value = isChosen ? [...others, name].slice(-MOST) : others;
  };
  return (
    <section>
      <div class="bar">
        <h1>{t("title")}</h1>
        {(items?.length ?? 0) > 1 && (
          <Button disabled={chosen.value.length < 2} title={t("how")} onClick={() => route(`/channels?with=${chosen.value.join(",")}`)}>{t("together")}</Button>
        )}
      </div>
      <Failed error={channels.error.value} />
      {items?.length === 0 && <Soft>{t("none")}</Soft>}
      <ul class="channels">
        {items?.map((channel) => (
          <li key={channel.name}>
            <Card channel={channel} isChosen={chosen.value.includes(channel.name)} onChoose={items.length > 1 ? (is) => choose(channel.name, is) : null} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface CardProps {
  channel: Channel;
  isChosen: boolean;
  onChoose: ((isChosen: boolean) => void) | null;
}

function Card({ channel, isChosen, onChoose }: CardProps): JSX.Element {
  const air = channel.on_air;
  const timeline = useLastHour(channel.name);
  const { programme } = knownAt(timeline.value, timeline.value?.now ?? 0);
  const picture = newestPicture(channel.name, timeline.value);
  return (
    <article class="card channel">
      <div class="bar">
        <h2 class="name"><a href={`/channel/${channel.name}`}>{channel.title}</a></h2>
        <Health health={channel.health} />
        {onChoose !== null && <input type="checkbox" checked={isChosen} aria-label={t("choose", { title: channel.title })} title={t("how")} onChange={(event) => onChoose(event.currentTarget.checked)} />}
      </div>
      {picture !== null && <img class="newest" key={picture} src={picture} alt={t("picture", { title: channel.title })} width={320} height={180} />}
      <p class="now">
        {air ? <Kind kind={air.kind} /> : <span class="soft">{t("nothing")}</span>}
        {air?.start.utc && <time dateTime={air.start.utc}>{length(Math.max(0, (now.value - ms(air.start.utc)) / 1000))}</time>}
      </p>
      {programme !== null && <ProgrammeLink programme={programme} text={t("running", { time: minute(programme.parts[0]?.[0] ?? 0) })} />}
      <JustEnded programmes={timeline.value?.programmes ?? []} />
      <Strip timeline={timeline} />
      {channel.alarm && <p class="drifted">{t("alarm")}</p>}
    </article>
  );
}

/** The programme that has ended last: mostly what an editor has come for. */
function JustEnded({ programmes }: { programmes: readonly Programme[] }): JSX.Element | null {
  const last = programmes.findLast(({ state }) => state !== "running");
  const end = last?.parts.at(-1)?.[1];
  if (last === undefined || end == null) return null;
  return <ProgrammeLink programme={last} text={t("ended", { time: minute(end) })} />;
}

function ProgrammeLink({ programme, text }: { programme: Programme; text: string }): JSX.Element {
  return <p class="of"><a href={`/programme/${programme.id}`}>{programme.title ?? t("unnamed")}</a> <span class="soft">{text}</span></p>;
}
