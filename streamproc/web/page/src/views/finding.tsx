// A finding of forensics: the frame that shows it best with the heat map over it, how far it counts in words, and what people say of it.

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { all, ApiError, type Schemas } from "../api";
import { type Finding, likelihood, placeOf, strengthOf, whyOf } from "../findings";
import { type Key, useKeys } from "../keys";
import { listenInBursts } from "../live";
import { useLoaded } from "../load";
import { may } from "../me";
import { length, ms, now, wall } from "../time";
import { Button, Dialog, Failed, say } from "../ui";
import { locale } from "../words";
import { Stepper } from "./channel/exact";
import { DAY, MINUTE } from "./channel/model";
import { Player } from "./channel/player";
import { Scope } from "./channel/scope";
import { base, Station } from "./channel/station";
import "./channel/style.css";
import "../style/finding.css";
import { Desk, pathOf } from "./finding/desk";
import { Evidence } from "./finding/evidence";
import { Over, type Shown } from "./finding/over";
import { Said } from "./finding/said";
import { type Extent, extentOf, momentsOf, playOrStop, Stretch } from "./finding/stretch";
import { t } from "./finding/words";

const BURST_MS = 250;
const NEIGHBOURS = 500;
const WIDTH = 1280;
const WIDTH_ENLARGED = 1920;
const NEAR_MS = 60; // two places so near are the same frame, or nearly
const STEP = 0.15; // of the heat map's strength

export function FindingView({ id }: { id?: string }): JSX.Element {
  const path = pathOf(Number(id));
  const loaded = useLoaded<Finding>(path);
  useEffect(() => listenInBursts(["finding"], BURST_MS, loaded.again, (notice) => notice.subject_id === Number(id)), [loaded.again, id]);
  const [finding, error] = [loaded.value.value, loaded.error.value];
  if (error instanceof ApiError && error.status === 404) return <section><p>{t("gone")}</p><p><a href="/">{t("to_channels")}</a></p></section>;
  if (finding === null) return <section aria-busy="true"><Failed error={error} />{error === null && <p class="soft">{t("loading")}</p>}</section>;
  return <Found key={finding.id} finding={finding} store={loaded.value} error={error} />;
}

function Found({ finding, store, error }: { finding: Finding; store: { value: Finding | null }; error: Error | null }): JSX.Element {
  const channel = useLoaded<Schemas["Channel"]>(base(finding.channel));
  const title = channel.value.value?.title ?? finding.channel;
  const extent = extentOf(finding);
  const station = useStation(finding.channel, extent);
  const stepper = useMemo(() => new Stepper(station), [station]);
  const desk = useMemo(() => new Desk(store), [store]);
  useEffect(() => desk.settle(), [desk, finding.verdict_version]);
  const shown: Shown = { heat: useSignal(true), box: useSignal(true), enlarged: useSignal(false), opacity: useSignal(0.7) };
  const field = useRef<HTMLTextAreaElement>(null);
  const neighbours = useNeighbours(finding);
  const { route } = useLocation();
  const latest = useRef({ extent, neighbours });
  latest.current = { extent, neighbours };
  useKeys(useMemo(() => keysOf({ station, stepper, desk, shown, latest, route, onNote: () => field.current?.focus() }), [station, stepper, desk, route]));
  const at = station.scope.at.value;
  const isThere = extent === null || (at >= extent.start - MINUTE / 60 && (finding.open || at <= extent.end + MINUTE / 60));
  return (
    <section class="finding" data-strength={strengthOf(finding)}>
      <Head finding={finding} title={title} extent={extent} neighbours={neighbours} />
      <Failed error={error ?? station.error.value} />
      <div class="desk">
        <div class="see" data-enlarged={shown.enlarged.value} style={useFraming(station, finding)}>
          <Player station={station} stepper={stepper} title={title} width={shown.enlarged.value ? WIDTH_ENLARGED : WIDTH}>
            <Over finding={finding} shown={shown} isThere={isThere} />
          </Player>
          <div class="card">
            <OverControls shown={shown} />
            {extent !== null && <Stretch finding={finding} extent={extent} station={station} />}
          </div>
        </div>
        <div class="beside">
          <About finding={finding} />
          <Said finding={finding} desk={desk} field={field} />
          {extent !== null && <Evidence finding={finding} extent={extent} />}
        </div>
      </div>
    </section>
  );
}

/** The recording about a finding, standing on the frame that shows it best. */
function useStation(channel: string, extent: Extent | null): Station {
  const station = useMemo(() => {
    const scope = new Scope();
    if (extent !== null) {
      scope.show({ from: extent.start - MINUTE, to: extent.end + MINUTE });
      scope.seek(extent.best);
    }
    return new Station(channel, scope);
  }, [channel]);
  useEffect(() => station.start(), [station]);
  return station;
}

/** The shape of the picture as it is seen, and where the box lies in it. */
function useFraming(station: Station, { box, width, height }: Finding): Record<string, string> {
  const aspect = useSignal(16 / 9);
  const place = station.place.value;
  const address = place === null ? null : station.picture(place, WIDTH);
  useEffect(() => {
    if (address === null) return;
    const image = new Image();
    image.addEventListener("load", () => (aspect.value = image.naturalWidth / image.naturalHeight));
    image.src = address;
  }, [address]);
  const [x, y] = [(box.left + box.right) / 2 / width, (box.top + box.bottom) / 2 / height];
  // Three times the box is seen, and what is near an edge is not left beyond it.
  const zoom = Math.min(8, Math.max(1.5, Math.min(width / (box.right - box.left), height / (box.bottom - box.top)) / 3));
  const edge = (share: number): number => Math.min(1, Math.max(0, (share * zoom - 0.5) / (zoom - 1)));
  return { "--aspect": String(aspect.value), "--x": `${edge(x) * 100}%`, "--y": `${edge(y) * 100}%`, "--zoom": String(zoom) };
}

interface Neighbours {
  before: Finding | null;
  after: Finding | null;
  /** Which of the day's it is, from 1, and how many there are. */
  nth: number;
  all: number;
  toCheck: number;
}

/** The findings around one, by time, of the day about it. */
function useNeighbours(finding: Finding): Neighbours | null {
  const items = useSignal<readonly Finding[]>([]);
  const start = finding.start_utc;
  useEffect(() => {
    if (start === null) return;
    const control = new AbortController();
    const midnight = new Date(ms(start)).setHours(0, 0, 0, 0);
    const query = `from=${new Date(midnight).toISOString()}&to=${new Date(midnight + DAY).toISOString()}&limit=${NEIGHBOURS}`;
    // What went wrong is said by the finding itself, which asks the same server.
    const load = (): void => void all<Finding>(`${base(finding.channel)}/findings?${query}`, NEIGHBOURS, control.signal).then((got) => (items.value = got), () => undefined);
    load();
    const stop = listenInBursts(["finding"], BURST_MS, load, (notice) => notice.channel === finding.channel);
    return () => {
      stop();
      control.abort();
    };
  }, [finding.channel, start]);
  return useComputed(() => {
    const sorted = [...items.value].sort((one, other) => ms(one.start_utc ?? 0) - ms(other.start_utc ?? 0) || one.id - other.id);
    const here = sorted.findIndex((one) => one.id === finding.id);
    if (here < 0) return null;
    const toCheck = sorted.filter(({ verdict }) => verdict === null).length;
    return { before: sorted[here - 1] ?? null, after: sorted[here + 1] ?? null, nth: here + 1, all: sorted.length, toCheck };
  }).value;
}

function Head({ finding, title, extent, neighbours }: { finding: Finding; title: string; extent: Extent | null; neighbours: Neighbours | null }): JSX.Element {
  const isLinkShown = useSignal(false);
  const copy = (): void => {
    // Only pages that come over TLS or from this very machine may write to the clipboard.
    (navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error())).then(() => say(t("copied")), () => (isLinkShown.value = true));
  };
  const day = extent === null ? `/channel/${finding.channel}` : `/channel/${finding.channel}?at=${new Date(extent.best).toISOString()}&span=900`;
  return (
    <header class="bar head">
      <div>
        <p class="soft"><a href={`/channel/${finding.channel}`}>{title}</a>{finding.start_utc !== null && <> · <time dateTime={finding.start_utc}>{wall(finding.start_utc)}</time></>}</p>
        <h1>{likelihood(finding)}, {placeOf(finding)}</h1>
      </div>
      <div class="row">
        {neighbours !== null && <span class="soft">{t("nth", { n: neighbours.nth, all: neighbours.all, left: neighbours.toCheck })}</span>}
        {neighbours?.before && <a class="button" href={`/finding/${neighbours.before.id}`} aria-label={t("earlier")} title={`${t("earlier")} (,)`} aria-keyshortcuts=",">‹</a>}
        {neighbours?.after && <a class="button" href={`/finding/${neighbours.after.id}`} aria-label={t("later")} title={`${t("later")} (.)`} aria-keyshortcuts=".">›</a>}
        <a class="button" href={day}>{t("to_day")}</a>
        <Button onClick={copy}>{t("copy")}</Button>
      </div>
      {isLinkShown.value && (
        <Dialog title={t("link")} onClose={() => (isLinkShown.value = false)}>
          <input readOnly value={location.href} aria-label={t("link")} onFocus={(event) => event.currentTarget.select()} autoFocus />
        </Dialog>
      )}
    </header>
  );
}

/** How far it counts, in words and figures. */
function About({ finding }: { finding: Finding }): JSX.Element {
  const { box, width, height, start_utc: start, end_utc: end, open } = finding;
  const seconds = open && start !== null ? (now.value - ms(start)) / 1000 : finding.end_s - finding.start_s;
  return (
    <section class="card about" aria-labelledby="about-title">
      <h2 id="about-title" class="strength" data-strength={strengthOf(finding)}>{likelihood(finding)}</h2>
      <p>{whyOf(finding)}</p>
      <dl>
        <div><dt>{t("score")}</dt><dd>{t("of_one", { n: finding.score.toLocaleString(locale.value, { minimumFractionDigits: 2, maximumFractionDigits: 2 }) })} <meter min={0} max={1} value={finding.score} aria-hidden="true" /></dd></div>
        {start !== null && end !== null && <div><dt>{t("when")}</dt><dd>{open ? <>{wall(start)} – <b class="onair">{t("still")}</b></> : t("from_to", { start: wall(start), end: wall(end) })}</dd></div>}
        <div><dt>{t("how_long")}</dt><dd>{length(seconds)}</dd></div>
        <div><dt>{t("keyframes")}</dt><dd>{finding.keyframes.toLocaleString(locale.value)}</dd></div>
        <div><dt>{t("where")}</dt><dd>{t("where_px", { place: placeOf(finding), width: box.right - box.left, height: box.bottom - box.top, left: box.left, top: box.top, all: `${width} × ${height}` })}</dd></div>
        <div><dt>{t("model")}</dt><dd>{finding.model.name} {finding.model.sha256 !== null && <code title={finding.model.sha256}>{finding.model.sha256.slice(0, 12)}</code>}</dd></div>
      </dl>
    </section>
  );
}

function OverControls({ shown: { heat, box, enlarged, opacity } }: { shown: Shown }): JSX.Element {
  return (
    <fieldset class="row overs">
      <legend>{t("over")}</legend>
      <Button onClick={() => (heat.value = !heat.value)} pressed={heat.value} shortcut="H">{t("heat")}</Button>
      <input
        type="range" aria-label={t("opacity")} title={`${t("opacity")} ([ ])`} min={10} max={100} step={5} value={Math.round(opacity.value * 100)} disabled={!heat.value}
        onInput={(event) => (opacity.value = Number(event.currentTarget.value) / 100)}
      />
      <Button onClick={() => (box.value = !box.value)} pressed={box.value} shortcut="B">{t("box")}</Button>
      <Button onClick={() => (enlarged.value = !enlarged.value)} pressed={enlarged.value} shortcut="E">{t("enlarge")}</Button>
      <p class="soft">{t("heat_is")}</p>
    </fieldset>
  );
}

interface Handles {
  station: Station;
  stepper: Stepper;
  desk: Desk;
  shown: Shown;
  latest: { current: { extent: Extent | null; neighbours: Neighbours | null } };
  route: (path: string) => void;
  onNote: () => void;
}

function keysOf({ station, stepper, desk, shown, latest, route, onNote }: Handles): Key[] {
  const { scope } = station;
  const withExtent = (act: (extent: Extent) => void) => () => {
    if (latest.current.extent !== null) act(latest.current.extent);
  };
  const go = (moment: number | undefined): void => {
    if (moment === undefined) return;
    scope.stop();
    scope.seek(moment);
  };
  const flip = (signal: { value: boolean }) => () => (signal.value = !signal.value);
  const heat = (by: number) => () => (shown.opacity.value = Math.min(1, Math.max(0.1, shown.opacity.value + by)));
  const judge = (verdict: "confirmed" | "dismissed") => () => may.value.has("edit") && desk.judge(verdict);
  const open = (which: "before" | "after") => () => {
    const other = latest.current.neighbours?.[which];
    if (other) route(`/finding/${other.id}`);
  };
  return [
    { key: " ", what: () => t("k_play"), run: withExtent((extent) => playOrStop(station, extent)) },
    { key: "ArrowLeft", what: () => t("k_frame_back"), run: () => stepper.step(-1) },
    { key: "ArrowRight", what: () => t("k_frame_on"), run: () => stepper.step(1) },
    { key: "ArrowUp", what: () => t("k_before"), run: withExtent((extent) => go(momentsOf(extent).findLast((moment) => moment < scope.at.peek() - NEAR_MS))) },
    { key: "ArrowDown", what: () => t("k_after"), run: withExtent((extent) => go(momentsOf(extent).find((moment) => moment > scope.at.peek() + NEAR_MS))) },
    { key: "Home", what: () => t("k_begin"), run: withExtent(({ start }) => go(start)) },
    { key: "End", what: () => t("k_end"), run: withExtent(({ end }) => go(end)) },
    { key: "s", what: () => t("k_best"), run: withExtent(({ best }) => go(best)) },
    { key: "h", what: () => t("k_heat"), run: flip(shown.heat) },
    { key: "b", what: () => t("k_box"), run: flip(shown.box) },
    { key: "e", what: () => t("k_enlarge"), run: flip(shown.enlarged) },
    { key: "[", what: () => t("k_less"), run: heat(-STEP) },
    { key: "]", what: () => t("k_more"), run: heat(STEP) },
    { key: "a", what: () => t("k_confirm"), run: judge("confirmed") },
    { key: "x", what: () => t("k_dismiss"), run: judge("dismissed") },
    { key: "n", what: () => t("k_note"), run: onNote },
    { key: "z", what: () => t("k_undo"), run: () => desk.undo() },
    { key: ",", what: () => t("k_previous"), run: open("before") },
    { key: ".", what: () => t("k_next"), run: open("after") },
  ];
}
