// Several channels side by side: one playhead, one stretch of time, one set of keys.

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import type { Schemas } from "../api";
import { useLoaded } from "../load";
import { Button, Failed } from "../ui";
import { keepInAddress, readAddress } from "./channel/address";
import { Controls, lookCloser, useDayKeys } from "./channel/controls";
import { Stepper } from "./channel/exact";
import { Marks } from "./channel/marks";
import { Player } from "./channel/player";
import { Scope } from "./channel/scope";
import { Station } from "./channel/station";
import "./channel/style.css";
import { TimelineView } from "./channel/timeline";
import { t } from "./channel/words";

type Channel = Schemas["Channel"];
const MOST = 4;

export function ChannelsView(): JSX.Element {
  const { query } = useLocation();
  const channels = useLoaded<{ items: Channel[] }>("/api/v1/channels");
  const known = channels.value.value?.items;
  if (known === undefined) return <section><Failed error={channels.error.value} /></section>;
  const wanted = (query["with"] ?? "").split(",").filter((name) => name !== "");
  const missing = wanted.filter((name) => !known.some((one) => one.name === name));
  const found = [...new Set(wanted)].map((name) => known.find((one) => one.name === name)).filter((one) => one !== undefined).slice(0, MOST);
  const shown = found.length > 0 ? found : known.slice(0, 2);
  return (
    <>
      {missing.map((name) => <p key={name} class="failed" role="alert">{t("no_such", { name })}</p>)}
      {shown.length > 0 && <Together key={shown.map((one) => one.name).join()} shown={shown} all={known} />}
    </>
  );
}

function Together({ shown, all }: { shown: Channel[]; all: Channel[] }): JSX.Element {
  const scope = useMemo(() => readAddress(new Scope()), []);
  const stations = useMemo(() => shown.map(({ name }) => new Station(name, scope)), []);
  const steppers = useMemo(() => stations.map((station) => new Stepper(station)), []);
  const chosen = useSignal(0);
  const field = useRef<HTMLInputElement>(null);
  const station = stations[chosen.value] ?? stations[0]!;
  const { route } = useLocation();
  const names = shown.map(({ name }) => name);
  useEffect(() => {
    const stops = [...stations.map((one) => one.start()), scope.start(), keepInAddress(scope)];
    return () => stops.forEach((stop) => stop());
  }, []);
  const onMake = useMemo(() => () => field.current?.focus(), []);
  const onMute = useMemo(() => () => (scope.muted.value = !scope.muted.value), [scope]);
  const onLook = useMemo(() => () => lookCloser(station, route), [station, route]);
  useDayKeys(station, { stepper: steppers[chosen.value] ?? steppers[0]!, onMake, onMute, onLook });
  const error = useComputed(() => stations.map((one) => one.error.value).find((one) => one !== null) ?? null);
  const others = all.filter(({ name }) => !names.includes(name));
  const go = (next: string[]): void => route(next.length === 1 ? `/channel/${next[0]}` : `/channels?with=${next.join(",")}`);
  return (
    <section class="day together">
      <div class="bar">
        <h1>{shown.map(({ title }) => title).join(" · ")}</h1>
        {others.length > 0 && shown.length < MOST && (
          <select aria-label={t("side_by_side")} value="" onChange={(event) => go([...names, event.currentTarget.value])}>
            <option value="">{t("side_by_side")} …</option>
            {others.map((one) => <option key={one.name} value={one.name}>{one.title}</option>)}
          </select>
        )}
      </div>
      <Failed error={error.value} />
      <div class="screens" data-count={shown.length}>
        {shown.map(({ name, title }, index) => (
          <div key={name} class="one" data-chosen={index === chosen.value}>
            <div class="bar">
              <h2><button type="button" class="link" aria-pressed={index === chosen.value} onClick={() => (chosen.value = index)}>{title}</button></h2>
              <Button onClick={() => go(names.filter((one) => one !== name))} label={t("leave", { title })} title={t("leave", { title })}>×</Button>
            </div>
            <Player station={stations[index]!} stepper={steppers[index]!} title={title} follows={index !== 0} />
          </div>
        ))}
      </div>
      <div class="card line">
        <Controls scope={scope} />
        {shown.map(({ name, title }, index) => (
          <div key={name}><h3>{title}</h3><TimelineView station={stations[index]!} title={title} compact /></div>
        ))}
      </div>
      <Marks key={station.name} station={station} field={field} />
    </section>
  );
}
