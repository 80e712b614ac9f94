// All channels at a glance: what is on air, since when, and whether all is well.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Schemas } from "../api";
import { listen } from "../live";
import { useLoaded } from "../load";
import { length, ms, now } from "../time";
import { Failed, Kind, Soft } from "../ui";
import { words } from "../words";

type Channel = Schemas["Channel"];

const t = words(
  {
    title: "Channels", none: "No channel is configured. Add a [[channels]] table to streamproc.toml.", nothing: "nothing on air",
    recording: "recording", behind: "analysis is {lag} behind", connecting: "connecting", waiting: "no signal", stalled: "signal stalled",
    failing: "can't be recorded", unsupported: "format can't be read", finished: "file is over", down: "not running", stopped: "stopped", "not-configured": "no longer configured",
    alarm: "the model no longer fits",
  },
  {
    title: "Каналы", none: "Не настроен ни один канал. Добавьте таблицу [[channels]] в streamproc.toml.", nothing: "ничего в эфире",
    recording: "идёт запись", behind: "анализ отстаёт на {lag}", connecting: "подключение", waiting: "нет сигнала", stalled: "сигнал прервался",
    failing: "не записывается", unsupported: "формат не читается", finished: "файл закончился", down: "не работает", stopped: "остановлен", "not-configured": "больше не настроен",
    alarm: "модель больше не подходит",
  },
);

export function Home(): JSX.Element {
  const channels = useLoaded<{ items: Channel[] }>("/api/v1/channels");
  useEffect(() => listen(["channel", "segment", "epoch", "alarm"], channels.again, channels.again), [channels.again]);
  useEffect(() => {
    const timer = setInterval(channels.again, 10_000);
    return () => clearInterval(timer);
  }, [channels.again]);
  const items = channels.value.value?.items;
  return (
    <section>
      <h1>{t("title")}</h1>
      <Failed error={channels.error.value} />
      {items?.length === 0 && <Soft>{t("none")}</Soft>}
      <ul class="channels">
        {items?.map((channel) => <li key={channel.name}><Card channel={channel} /></li>)}
      </ul>
    </section>
  );
}

function Card({ channel }: { channel: Channel }): JSX.Element {
  const air = channel.on_air;
  const health = channel.health;
  return (
    <a class="card channel" href={`/channel/${channel.name}`}>
      <span class="name">{channel.title}</span>
      <span class="health" data-state={health.state} title={health.message}>
        {t(health.state, { lag: length(health.lag_s ?? 0) })}
      </span>
      <span class="now">
        {air ? <Kind kind={air.kind} /> : <span class="soft">{t("nothing")}</span>}
        {air?.start.utc && <time dateTime={air.start.utc}>{length(Math.max(0, (now.value - ms(air.start.utc)) / 1000))}</time>}
      </span>
      {channel.alarm && <span class="drifted">{t("alarm")}</span>}
    </a>
  );
}
