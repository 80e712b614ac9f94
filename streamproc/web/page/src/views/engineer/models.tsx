// The models there are, with what their cards say; and the alarms over a channel's model.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Schemas } from "../../api";
import { listen } from "../../live";
import { useLoaded } from "../../load";
import { wall } from "../../time";
import { Failed, Soft } from "../../ui";
import { locale } from "../../words";
import { t } from "./words";

type Model = Schemas["KnownModel"];
type Alarm = Schemas["Alarm"];

const share = (value: number): string => value.toLocaleString(locale.value, { style: "percent", maximumFractionDigits: 2 });

export function Models({ models }: { models: readonly Model[] }): JSX.Element {
  return (
    <section class="card scrolls" tabIndex={0} aria-label={t("models")}>
      <h2>{t("models")}</h2>
      {models.length === 0 ? <Soft>{t("no_models")}</Soft> : (
        <table>
          <thead><tr><th>{t("m_name")}</th><th>{t("m_channels")}</th><th>{t("m_right")}</th><th>{t("m_decides")}</th><th>{t("m_learnt")}</th></tr></thead>
          <tbody>{models.map((model) => <Row key={model.folder} model={model} />)}</tbody>
        </table>
      )}
    </section>
  );
}

function Row({ model }: { model: Model }): JSX.Element {
  const right = model.metrics["accuracy_away_from_fades"];
  const decision = model.decision;
  return (
    <tr>
      <td>
        <b>{model.name ?? model.folder.split("/").pop()}</b>
        {model.problem && <p class="failed">{model.problem}</p>}
        <details><summary>{t("card")}</summary><Card model={model} /></details>
      </td>
      <td>{model.channels.length === 0 ? <span class="soft">{t("nobody")}</span> : model.channels.map((name) => <a key={name} href={`/engineer/${name}`}>{name} </a>)}</td>
      <td>{typeof right === "number" ? share(right) : "—"}</td>
      <td>{decision ? t("samples", { enter: String(decision["n_enter"]), leave: String(decision["n_leave"]) }) : "—"}</td>
      <td>{model.created ?? "—"}</td>
    </tr>
  );
}

function Card({ model }: { model: Model }): JSX.Element {
  const rows: [string, string][] = [[t("folder"), model.folder], ["sha256", model.sha256 ?? "—"], [t("region"), model.region?.map((part) => part.toFixed(3)).join(", ") ?? "—"], [t("m_from"), model.data.join("; ") || "—"]];
  const figures = Object.entries(model.metrics).filter((entry): entry is [string, number | string] => ["number", "string"].includes(typeof entry[1]));
  return (
    <dl class="facts">
      {[...rows, ...figures.map(([key, value]): [string, string] => [key, typeof value === "number" ? value.toLocaleString(locale.value, { maximumFractionDigits: 4 }) : value])].map(([key, value]) => (
        <div key={key}><dt>{key}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

export function Alarms({ name }: { name: string }): JSX.Element {
  const list = useLoaded<{ items: Alarm[] }>(`/api/v1/channels/${name}/alarms?limit=10`);
  useEffect(() => listen(["alarm"], (notice) => notice.channel === name && list.again(), list.again), [name, list.again]);
  const items = list.value.value?.items;
  return (
    <section class="card">
      <h2>{t("alarms")}</h2>
      <Failed error={list.error.value} />
      {items?.length === 0 && <Soft>{t("no_alarms")}</Soft>}
      <ul class="alarms">
        {items?.map((alarm) => (
          <li key={alarm.id} data-stands={alarm.cleared_utc === null}>
            <p><b>{t(alarm.kind)}</b> <span class="soft">{alarm.cleared_utc === null ? t("standing", { when: wall(alarm.since_utc) }) : t("was", { from: wall(alarm.since_utc), to: wall(alarm.cleared_utc) })} · {t("sureness", { now: share(alarm.sureness), usual: share(alarm.usual) })}</span></p>
            <div class="pictures">{alarm.pictures.map((address, number) => <img key={address} src={address} alt={t("picture", { number: number + 1 })} loading="lazy" />)}</div>
          </li>
        ))}
      </ul>
    </section>
  );
}
