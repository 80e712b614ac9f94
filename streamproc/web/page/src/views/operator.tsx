// Is it well? Channels, disks, processes, queues, and what went wrong lately, in words. Made to hang on a wall.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Schemas } from "../api";
import { useLoaded } from "../load";
import { length, ms, now, wall } from "../time";
import { Failed, Soft } from "../ui";
import { language, words } from "../words";
import "../style/operator.css";
import { Health } from "../health";
import { size } from "../size";

type Operations = Schemas["Operations"];

const EVERY_MS = 5_000;
const t = words(
  {
    title: "Operator", well: "All is well", unwell: "Not all is well", channels: "Channels", channel: "Channel", feed: "Feed", rate: "Rate", recorded: "Recorded since",
    takes: "Takes", to_check: "To check", none: "No channel is configured.", disks: "Disks", free: "{free} of {total} free",
    recording: "recording", clips: "clips", data: "catalogue", roles: "Processes", recorder: "Recorder", analyser: "Analyser", web: "Web", up: "runs", down: "does not run",
    restarts: "started again: {count}×", supervisor: "Supervisor", queues: "Queues", queue: "Queue", waiting: "Waiting", working: "Being done", failed: "Failed in 24 h", oldest: "Oldest waits",
    q_clips: "Clips", q_pieces: "Joined programmes and ranges", q_deliveries: "Deliveries", q_orders: "Orders", q_learnings: "Learning of models",
    errors: "What went wrong lately", no_errors: "Nothing: no process has warned of anything.", times: "{count}×", since: "since {when}", version: "streamproc {version}, as of {when}",
  },
  {
    title: "Оператор", well: "Всё в порядке", unwell: "Не всё в порядке", channels: "Каналы", channel: "Канал", feed: "Сигнал", rate: "Поток", recorded: "Запись с",
    takes: "Занимает", to_check: "Проверить", none: "Не настроен ни один канал.", disks: "Диски", free: "свободно {free} из {total}",
    recording: "запись", clips: "клипы", data: "каталог", roles: "Процессы", recorder: "Запись", analyser: "Анализ", web: "Сайт", up: "работает", down: "не работает",
    restarts: "перезапусков: {count}", supervisor: "Диспетчер", queues: "Очереди", queue: "Очередь", waiting: "Ждут", working: "В работе", failed: "Ошибок за 24 ч", oldest: "Дольше всех ждёт",
    q_clips: "Клипы", q_pieces: "Передачи и фрагменты", q_deliveries: "Доставка", q_orders: "Заявки", q_learnings: "Обучение моделей",
    errors: "Что случилось за последнее время", no_errors: "Ничего: ни один процесс ни о чём не предупреждал.", times: "{count}×", since: "с {when}", version: "streamproc {version}, данные на {when}",
  },
);

export function OperatorView(): JSX.Element {
  const state = useLoaded<Operations>("/api/v1/operations");
  useEffect(() => {
    const timer = setInterval(state.again, EVERY_MS);
    return () => clearInterval(timer);
  }, [state.again]);
  const shown = state.value.value;
  return (
    <section class="operator">
      <div class="bar">
        <h1>{t("title")}</h1>
        {shown && <p class="verdict" role="status" data-ready={shown.ready}>{t(shown.ready ? "well" : "unwell")}</p>}
      </div>
      <Failed error={state.error.value} />
      {shown && (
        <>
          <Channels channels={shown.channels} />
          <div class="tiles">
            <div class="pile"><Disks disks={shown.disks} /><Roles roles={shown.roles} /></div>
            <Queues queues={shown.queues} />
          </div>
          <Errors errors={shown.errors} titles={new Map(shown.channels.map((channel) => [channel.name, channel.title]))} />
          <Soft>{t("version", { version: shown.version, when: wall(shown.now_utc) })}</Soft>
        </>
      )}
    </section>
  );
}

function Channels({ channels }: { channels: Operations["channels"] }): JSX.Element {
  if (channels.length === 0) return <section class="card"><h2>{t("channels")}</h2><Soft>{t("none")}</Soft></section>;
  return (
    <section class="card scrolls" tabIndex={0} aria-label={t("channels")}>
      <h2>{t("channels")}</h2>
      <table>
        <thead>
          <tr><th>{t("channel")}</th><th>{t("feed")}</th><th>{t("rate")}</th><th>{t("recorded")}</th><th>{t("takes")}</th><th>{t("to_check")}</th></tr>
        </thead>
        <tbody>
          {channels.map((channel) => (
            <tr key={channel.name}>
              <td><a href={`/channel/${channel.name}`}>{channel.title}</a>{channel.alarm && <a class="drifted" href={`/engineer/${channel.name}`}>{channel.alarm[language.value]}</a>}</td>
              <td>
                <Health health={channel.health} />
                {!channel.health.ready && <small>{channel.health.message}</small>}
                {channel.health.since_utc && <small>{t("since", { when: wall(channel.health.since_utc) })}</small>}
              </td>
              <td>{channel.rate_bytes_s === null ? "—" : bits(channel.rate_bytes_s)}</td>
              <td>{channel.oldest_utc === null ? "—" : wall(channel.oldest_utc)}</td>
              <td>{channel.recording_bytes === null ? "—" : size(channel.recording_bytes)}</td>
              <td>{channel.reviews > 0 ? <a href="/reviews">{channel.reviews}</a> : 0}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const bits = (bytes: number): string => `${((bytes * 8) / 1e6).toFixed(1)} ${language.value === "ru" ? "Мбит/с" : "Mbit/s"}`;

function Disks({ disks }: { disks: Operations["disks"] }): JSX.Element {
  return (
    <section class="card">
      <h2>{t("disks")}</h2>
      {disks.map((disk) => (
        <div class="disk" key={disk.holds.join()}>
          <p class="bar"><b>{disk.holds.map((what) => t(what as "recording" | "clips" | "data")).join(", ")}</b><span>{t("free", { free: size(disk.free_bytes), total: size(disk.total_bytes) })}</span></p>
          <meter
            min={0} max={disk.total_bytes} value={disk.total_bytes - disk.free_bytes} high={disk.total_bytes * 0.9} optimum={0}
            aria-label={t("free", { free: size(disk.free_bytes), total: size(disk.total_bytes) })}
          />
          <p class="soft">{disk.message[language.value]}</p>
        </div>
      ))}
    </section>
  );
}

function Roles({ roles }: { roles: Operations["roles"] }): JSX.Element | null {
  if (roles.length === 0) return null;
  return (
    <section class="card">
      <h2>{t("roles")}</h2>
      <ul class="roles">
        {roles.map((role) => (
          <li key={role.name}>
            <b>{processName(role.name)}</b>
            <span class="health" data-state={role.up ? "recording" : "down"}>{t(role.up ? "up" : "down")}</span>
            {role.restarts > 0 && <span class="warned">{t("restarts", { count: role.restarts })}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Queues({ queues }: { queues: Operations["queues"] }): JSX.Element {
  return (
    <section class="card scrolls" tabIndex={0} aria-label={t("queues")}>
      <h2>{t("queues")}</h2>
      <table>
        <thead><tr><th>{t("queue")}</th><th>{t("waiting")}</th><th>{t("working")}</th><th>{t("failed")}</th><th>{t("oldest")}</th></tr></thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <td>{t(`q_${queue.name}` as "q_clips")}</td>
              <td>{queue.waiting}</td>
              <td>{queue.working}</td>
              <td class={queue.failed > 0 ? "failed" : undefined}>{queue.failed}</td>
              <td>{queue.oldest_utc === null ? "—" : length(Math.max(0, (now.value - ms(queue.oldest_utc)) / 1000))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const PROCESSES = ["recorder", "analyser", "web", "supervisor"] as const;
const processName = (name: string): string => {
  const known = PROCESSES.find((process) => process === name);
  return known === undefined ? name : t(known);
};

function Errors({ errors, titles }: { errors: Operations["errors"]; titles: ReadonlyMap<string, string> }): JSX.Element {
  return (
    <section class="card">
      <h2>{t("errors")}</h2>
      {errors.length === 0 && <Soft>{t("no_errors")}</Soft>}
      <ul class="errors">
        {errors.map((error) => (
          <li key={`${error.event} ${error.channel} ${error.message}`} data-level={error.level}>
            <time dateTime={error.last_utc}>{wall(error.last_utc)}</time>
            <div>
              <p><b>{error.channel === null ? processName(error.process) : (titles.get(error.channel) ?? error.channel)}</b> {error.meaning?.[language.value] ?? error.event}</p>
              {error.message && <p class="soft">{error.message}</p>}
            </div>
            {error.count > 1 && <span class="soft">{t("times", { count: error.count })}, {t("since", { when: wall(error.first_utc) })}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
