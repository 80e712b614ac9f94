// One channel: its player, its day, what was found there, and clips from anywhere.

import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useLocation, useRoute } from "preact-iso/router";
import type { Schemas } from "../api";
import { listen } from "../live";
import { useLoaded } from "../load";
import { Failed } from "../ui";
import { AlarmBox } from "./channel/alarm";
import { Controls, lookCloser, useDayKeys } from "./channel/controls";
import { Stepper } from "./channel/exact";
import { Findings } from "./channel/findings";
import { Head } from "./channel/head";
import { InView } from "./channel/inview";
import { Marks } from "./channel/marks";
import { Player } from "./channel/player";
import { Scope } from "./channel/scope";
import { Segments } from "./channel/segments";
import { base, Station } from "./channel/station";
import "./channel/style.css";
import { TimelineView } from "./channel/timeline";
import { keepInAddress, readAddress } from "./channel/address";
import { ProgrammeList } from "./programmes";

type Channel = Schemas["Channel"];

export function ChannelView(): JSX.Element {
  const name = useRoute().params["name"] ?? "";
  return <Day key={name} name={name} />;
}

function Day({ name }: { name: string }): JSX.Element {
  const channel = useLoaded<Channel>(base(name));
  const station = useMemo(() => new Station(name, readAddress(new Scope())), [name]);
  const { scope } = station;
  const stepper = useMemo(() => new Stepper(station), [station]);
  const field = useRef<HTMLInputElement>(null);
  const title = useComputed(() => channel.value.value?.title ?? name);
  useEffect(() => station.start(), [station]);
  useEffect(() => scope.start(), [scope]);
  useEffect(() => keepInAddress(scope), [scope]);
  useEffect(() => listen(["channel", "alarm", "segment"], (notice) => notice.channel === name && channel.again(), channel.again), [name, channel.again]);
  const onMake = useMemo(() => () => field.current?.focus(), []);
  const onMute = useMemo(() => () => (scope.muted.value = !scope.muted.value), [scope]);
  const { route } = useLocation();
  const onLook = useMemo(() => () => lookCloser(station, route), [station, route]);
  useDayKeys(station, { stepper, onMake, onMute, onLook });
  const alarm = channel.value.value?.alarm ?? null;
  return (
    <section class="day">
      <Head name={name} channel={channel.value.value} />
      <Failed error={channel.error.value ?? station.error.value} />
      {alarm !== null && <AlarmBox alarm={alarm} />}
      <div class="desk">
        <Player station={station} stepper={stepper} title={title.value} />
        <Marks station={station} field={field} />
      </div>
      <div class="card line">
        <Controls scope={scope} />
        <TimelineView station={station} title={title.value} />
      </div>
      <Findings station={station} channel={channel.value.value} />
      <InView station={station} />
      <ProgrammeList channel={name} />
      <Segments name={name} title={title.value} scope={scope} />
    </section>
  );
}
