// A channel's name, how it is, and what else can be looked at beside it.

import type { JSX } from "preact";
import { useLocation } from "preact-iso/router";
import type { Schemas } from "../../api";
import { useLoaded } from "../../load";
import { Health } from "../../health";
import { t } from "./words";

type Channel = Schemas["Channel"];

export function Head({ name, channel }: { name: string; channel: Channel | null }): JSX.Element {
  const others = useLoaded<{ items: Channel[] }>("/api/v1/channels");
  const { route } = useLocation();
  const items = others.value.value?.items.filter((one) => one.name !== name) ?? [];
  return (
    <div class="bar">
      <div class="row"><h1>{channel?.title ?? name}</h1>{channel !== null && <Health health={channel.health} />}</div>
      {items.length > 0 && (
        <select aria-label={t("side_by_side")} value="" onChange={(event) => route(`/channels?with=${name},${event.currentTarget.value}`)}>
          <option value="">{t("side_by_side")} …</option>
          {items.map((one) => <option key={one.name} value={one.name}>{one.title}</option>)}
        </select>
      )}
    </div>
  );
}
