// The engineer's page: channels without a restart, learning their bugs, drift, models.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo } from "preact/hooks";
import { useRoute } from "preact-iso/router";
import type { Schemas } from "../api";
import { type Key, useKeys } from "../keys";
import { listen } from "../live";
import { useLoaded } from "../load";
import { Button, Failed, Soft } from "../ui";
import "../style/engineer.css";
import { Learnings } from "./engineer/learning";
import { Alarms, Models } from "./engineer/models";
import { Add, Power, Settings } from "./engineer/settings";
import { t } from "./engineer/words";
import { Health } from "../health";

type Channel = Schemas["Channel"];

export function EngineerView(): JSX.Element {
  const name = useRoute().params["name"];
  return name === undefined ? <Overview /> : <One key={name} name={name} />;
}

function Overview(): JSX.Element {
  const channels = useLoaded<{ items: Channel[] }>("/api/v1/channels");
  const models = useLoaded<{ items: Schemas["KnownModel"][] }>("/api/v1/models");
  const adds = useSignal(false);
  useEffect(() => listen(["channel", "epoch", "alarm"], channels.again, channels.again), [channels.again]);
  const keys = useMemo<Key[]>(() => [{ key: "n", what: () => t("add"), run: () => (adds.value = true) }], [adds]);
  useKeys(keys);
  const items = channels.value.value?.items;
  return (
    <section class="engineer">
      <div class="bar"><h1>{t("title")}</h1><Button primary shortcut="N" onClick={() => (adds.value = true)}>{t("add")}</Button></div>
      <Failed error={channels.error.value ?? models.error.value} />
      <section class="card">
        <h2>{t("channels")}</h2>
        {items?.length === 0 && <Soft>{t("no_channels")}</Soft>}
        <ul class="list">
          {items?.map((channel) => (
            <li key={channel.name}>
              <a href={`/engineer/${channel.name}`}><b>{channel.title}</b> <span class="soft">{channel.name}</span></a>
              <span class="soft">{channel.model?.name ?? ""}</span>
              <span class="drifted">{channel.alarm && t(channel.alarm.kind)}</span>
              <Health health={channel.health} />
            </li>
          ))}
        </ul>
      </section>
      {models.value.value && <Models models={models.value.value.items} />}
      {adds.value && <Add onClose={() => (adds.value = false)} />}
    </section>
  );
}

function One({ name }: { name: string }): JSX.Element {
  const config = useLoaded<Schemas["ChannelConfig"]>(`/api/v1/channels/${name}/settings`);
  const channel = useLoaded<Channel>(`/api/v1/channels/${name}`);
  const models = useLoaded<{ items: Schemas["KnownModel"][] }>("/api/v1/models");
  useEffect(() => {
    const timer = setInterval(channel.again, 5_000);
    return () => clearInterval(timer);
  }, [channel.again]);
  const again = useCallback(() => {
    for (const loaded of [config, channel, models]) loaded.again();
  }, [config.again, channel.again, models.again]);
  const known = channel.value.value;
  const settings = config.value.value;
  const own = models.value.value?.items.filter((model) => model.channels.includes(name)) ?? [];
  return (
    <section class="engineer">
      <p><a href="/engineer">← {t("back")}</a></p>
      <div class="bar">
        <div class="row"><h1>{known?.title ?? name}</h1>{known && <Health health={known.health} />}</div>
        {settings && <Power config={settings} again={again} />}
      </div>
      {known && !known.health.ready && <Soft>{known.health.message}</Soft>}
      <Failed error={config.error.value} />
      <div class="two">
        <div class="stack">
          {settings && <Settings config={settings} again={again} />}
          {own.length > 0 && <Models models={own} />}
        </div>
        <div class="stack">
          <Learnings name={name} used={again} />
          <Alarms name={name} />
        </div>
      </div>
    </section>
  );
}
