// The picture at the playhead: the recording plays, and where it stands the exact frame is shown.

import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { summary } from "../../findings";
import { clock, day, rate, timecode } from "../../time";
import { Button } from "../../ui";
import { locale } from "../../words";
import type { Stepper } from "./exact";
import { epochAt, SECOND } from "./model";
import { Playback } from "./playback";
import type { Station } from "./station";
import { said, t } from "./words";

const WIDTH = 960;
const SPEEDS = [1, 2, 4, 8] as const;

interface PlayerProps {
  station: Station;
  stepper: Stepper;
  title: string;
  /** Another player says where the playhead is. */
  follows?: boolean;
  /** Of the exact frame, in pixels. */
  width?: number;
  /** What lies over the picture. */
  children?: ComponentChildren;
}

export function Player({ station, stepper, title, follows, width = WIDTH, children }: PlayerProps): JSX.Element {
  const { scope } = station;
  const video = useRef<HTMLVideoElement>(null);
  const playback = useSignal<Playback | null>(null);
  useEffect(() => {
    if (video.current === null) return;
    const made = new Playback(video.current, station, !follows);
    playback.value = made;
    return made.start();
  }, [station, follows]);
  const shows = playback.value?.shows.value ?? false;
  const problem = playback.value?.problem.value ?? null;
  return (
    <section class="card player" aria-label={`${t("player")}: ${title}`}>
      <div class="screen">
        <video ref={video} playsInline tabIndex={-1} aria-hidden="true" />
        {!shows && <Still station={station} title={title} width={width} />}
        {children}
      </div>
      {problem !== null && <p class="failed" role="alert">{t("cant_play", { why: problem.message })}</p>}
      <Caption station={station} />
      {!follows && (
        <div class="transport">
          <Times station={station} />
          <span class="row">
            <Button onClick={() => stepper.step(-1)} label={t("back_frame")} title={t("back_frame")} shortcut="←">◂▏</Button>
            <Button onClick={() => scope.toggle()} primary label={t(scope.isPlaying.value ? "pause" : "play_on")} title={t(scope.isPlaying.value ? "pause" : "play_on")} shortcut="K, L">
              {scope.isPlaying.value ? "❚❚" : "▶"}
            </Button>
            <Button onClick={() => stepper.step(1)} label={t("on_frame")} title={t("on_frame")} shortcut="→">▕▸</Button>
            <select aria-label={t("speed")} value={String(scope.speed.value || 1)} onChange={(event) => (scope.speed.value = Number(event.currentTarget.value))}>
              {[...SPEEDS.map((speed) => -speed).reverse(), 0.5, ...SPEEDS].map((speed) => (
                <option key={speed} value={String(speed)}>{t("speed_now", { n: speed.toLocaleString(locale.value) })}</option>
              ))}
            </select>
            <Button onClick={() => (scope.muted.value = !scope.muted.value)} pressed={!scope.muted.value} label={t("sound")} title={t(scope.muted.value ? "sound_on" : "sound_off")} shortcut="M">♪</Button>
          </span>
        </div>
      )}
    </section>
  );
}

/** The exact frame under the playhead while it stands; the keyframe before it while it moves, or until the frame is there. */
function Still({ station, title, width }: { station: Station; title: string; width: number }): JSX.Element {
  const { scope } = station;
  const shown = useSignal<string | null>(null);
  const place = station.place.value;
  const moving = useComputed(() => station.thumbnail(Math.floor(scope.at.value / SECOND) * SECOND, 320));
  const exact = place === null ? null : station.picture(place, width);
  useEffect(() => {
    if (exact === null) return;
    const image = new Image();
    image.addEventListener("load", () => (shown.value = exact));
    image.src = exact;
    // A picture that is no longer wanted is not waited for.
    return () => image.removeAttribute("src");
  }, [exact]);
  useEffect(() => {
    if (place === null) return;
    for (const by of [1, -1]) if (station.hasFrame(place, by)) new Image().src = station.picture({ epoch: place.epoch, frame: place.frame + by }, width);
  }, [place?.epoch, place?.frame]);
  const address = exact !== null && shown.value === exact ? exact : shown.value !== null && exact !== null ? shown.value : moving.value;
  if (address === null && exact !== null) return <p class="blank" />;
  if (address === null) return <p class="blank">{t(scope.at.value > scope.now() - 15 * SECOND ? "recorded_soon" : "not_recorded")}</p>;
  return <img src={address} alt={t("of_channel", { title })} data-epoch={place?.epoch} data-frame={address === exact ? place?.frame : undefined} />;
}

function Caption({ station }: { station: Station }): JSX.Element {
  const known = station.known.value;
  const found = known.findings[0];
  return (
    <p class="caption" data-kind={known.isGap ? "gap" : (known.segment?.kind ?? "unknown")}>
      <span>{said(known)}</span>
      {found !== undefined && <a href={`/finding/${found.id}`} aria-label={`${t("found_look")}: ${summary(found)}`}>{t("found_look")}</a>}
      {known.programme !== null && <a href={`/programme/${known.programme.id}`}>{t("open")}</a>}
    </p>
  );
}

function Times({ station }: { station: Station }): JSX.Element {
  const { scope } = station;
  const at = scope.at.value;
  const epoch = useMemo(() => epochAt(station.timeline.value, at), [station.timeline.value, at]);
  const place = station.place.value;
  const seconds = epoch === null ? null : (at - epoch.start_ms) / SECOND;
  const code = seconds === null ? "–" : timecode(seconds + (epoch?.frame_rate ? 0.25 / rate(epoch.frame_rate) : 0), epoch?.frame_rate ?? null);
  const behind = Math.round((scope.now() - at) / SECOND);
  return (
    <dl class="times">
      <div><dt>{t("wall")}</dt><dd><time dateTime={new Date(at).toISOString()}>{clock(Math.floor(at))}</time> <small>{day(at)}</small></dd></div>
      <div><dt>{t("timecode")}</dt><dd>{code}</dd></div>
      <div>
        <dt>{t(scope.isLive.value ? "live" : "frame_word")}</dt>
        <dd class="soft">{scope.isLive.value ? t("behind", { n: behind }) : place === null ? "–" : place.frame.toLocaleString(locale.value)}</dd>
      </div>
    </dl>
  );
}
