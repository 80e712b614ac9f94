// The last hour of a channel in a strip, with its newest picture and the programme that has just ended.

import { type Signal, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { get } from "../../api";
import { listenInBursts } from "../../live";
import { now } from "../../time";
import { draw, heightOf, lanesOf } from "../channel/draw";
import { HOUR, SECOND, type Timeline } from "../channel/model";
import { palette } from "../channel/palette";
import { base } from "../channel/station";
import { t as dayWord } from "../channel/words";

const EVERY_MS = 20_000;
const BURST_MS = 800;
const LANES = lanesOf(["programmes", "segments"]);

/** A channel's last hour, kept up to date. */
export function useLastHour(name: string): Signal<Timeline | null> {
  const timeline = useSignal<Timeline | null>(null);
  useEffect(() => {
    const control = new AbortController();
    const load = (): void => {
      const to = Date.now();
      const query = `from=${new Date(to - HOUR).toISOString()}&to=${new Date(to + 60 * SECOND).toISOString()}`;
      // What went wrong is said by the list of channels, which asks the same server.
      get<Timeline>(`${base(name)}/timeline?${query}`, control.signal).then((got) => (timeline.value = got), () => undefined);
    };
    load();
    const stop = listenInBursts(["segment", "epoch", "programme", "boundary"], BURST_MS, load, (notice) => notice.channel === name);
    const timer = setInterval(load, EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
      control.abort();
    };
  }, [name]);
  return timeline;
}

export function Strip({ timeline }: { timeline: Signal<Timeline | null> }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useSignal(0);
  const minute = useComputed(() => Math.floor(now.value / (10 * SECOND)));
  useEffect(() => {
    if (canvas.current === null) return;
    const watch = new ResizeObserver(([entry]) => (width.value = entry?.contentRect.width ?? 0));
    watch.observe(canvas.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext("2d");
    if (!element || !pen || width.value === 0) return;
    const ratio = devicePixelRatio;
    element.width = Math.round(width.value * ratio);
    element.height = Math.round(heightOf(LANES) * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const at = Date.now();
    draw(pen, {
      lanes: LANES, width: width.value, range: { from: at - HOUR, to: at }, now: at, playhead: NaN, marks: { in: null, out: null },
      timeline: timeline.value, coarse: null, fine: null, pictures: [], palette: palette.value, unnamed: dayWord("unnamed"),
    });
  }, [timeline.value, width.value, palette.value, minute.value]);
  return <canvas ref={canvas} class="strip" aria-hidden="true" style={{ height: `${heightOf(LANES)}px` }} />;
}

/** The newest keyframe of a channel: a new address every ten seconds. */
export function newestPicture(name: string, timeline: Timeline | null): string | null {
  const epoch = timeline?.epochs.at(-1);
  if (timeline === null || epoch === undefined || epoch.recorded_ms === null) return null;
  const seconds = Math.max(0, Math.floor((epoch.recorded_ms - epoch.start_ms) / SECOND) - 1);
  return `${base(name)}/thumbnails/${epoch.epoch}/${seconds}.jpg?width=320`;
}
