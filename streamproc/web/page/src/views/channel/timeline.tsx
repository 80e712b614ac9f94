// A channel's timeline: the canvas, its lanes' names, and what it says to those who can't see it.

import { effect, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { clock, wall } from "../../time";
import { language } from "../../words";
import { draw, heightOf, type Lane, type LaneName, lanesOf, type Picture } from "./draw";
import { follow } from "./gestures";
import { clamp, foundAt, HOUR, share, span } from "./model";
import { palette } from "./palette";
import { Pictures } from "./pictures";
import type { Station } from "./station";
import { said, t } from "./words";

const ALL: readonly LaneName[] = ["ruler", "pictures", "programmes", "segments", "findings", "notes", "schedule", "score", "level"];
const COMPACT: readonly LaneName[] = ["ruler", "programmes", "segments", "findings", "notes", "score"];
const FETCH_AFTER_MS = 160;
const SNAP_PX = 6;

export function TimelineView({ station, compact, title }: { station: Station; compact?: boolean; title: string }): JSX.Element {
  const { scope } = station;
  const canvas = useRef<HTMLCanvasElement>(null);
  // Most channels are not looked through for findings: these have no lane for them.
  const hasFindings = useComputed(() => (station.timeline.value?.findings.length ?? 0) > 0).value;
  const lanes = useMemo(() => lanesOf((compact ? COMPACT : ALL).filter((name) => name !== "findings" || hasFindings)), [compact, hasFindings]);
  useEffect(() => (canvas.current === null ? undefined : paint(canvas.current, station, lanes)), [station, lanes]);
  const spoken = useComputed(() => `${wall(scope.at.value)}: ${said(station.known.value)}`);
  const shownShare = useComputed(() => Math.round(clamp(share(scope.range.value, scope.at.value), 0, 1) * 1000));
  return (
    <div class="timeline" data-compact={compact}>
      <div class="lanes" aria-hidden="true" style={{ height: `${heightOf(lanes)}px` }}>
        {lanes.map(({ name, top, height }) => <span key={name} style={{ top: `${top}px`, height: `${height}px` }}>{name === "ruler" ? "" : t(`lane_${name}`)}</span>)}
      </div>
      <canvas
        ref={canvas}
        role="slider"
        tabIndex={0}
        aria-label={t("timeline_of", { title })}
        aria-valuemin={0}
        aria-valuemax={1000}
        aria-valuenow={shownShare}
        aria-valuetext={spoken}
        aria-keyshortcuts="ArrowLeft ArrowRight ArrowUp ArrowDown Home End"
        style={{ height: `${heightOf(lanes)}px` }}
      />
      <Hint station={station} canvas={canvas} />
    </div>
  );
}

/** What lies under the pointer. */
function Hint({ station, canvas }: { station: Station; canvas: { current: HTMLCanvasElement | null } }): JSX.Element | null {
  const x = useSignal<number | null>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const move = (event: PointerEvent): void => {
      x.value = event.pointerType === "mouse" && event.buttons === 0 ? event.offsetX : null;
    };
    const leave = (): void => {
      x.value = null;
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerdown", leave);
    element.addEventListener("pointerleave", leave);
    return () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerdown", leave);
      element.removeEventListener("pointerleave", leave);
    };
  }, [canvas]);
  const element = canvas.current;
  if (x.value === null || element === null) return null;
  const range = station.scope.range.value;
  const at = range.from + (x.value / element.clientWidth) * span(range);
  const left = element.offsetLeft + Math.min(Math.max(x.value, 90), element.clientWidth - 90);
  const near = (SNAP_PX / element.clientWidth) * span(range);
  return <p class="hint" aria-hidden="true" style={{ left: `${left}px` }}><b>{clock(at)}</b> {said(station.knownAt(at, near))}</p>;
}

/** Keeps a canvas painted until what it returns is called. */
function paint(canvas: HTMLCanvasElement, station: Station, lanes: readonly Lane[]): () => void {
  const { scope } = station;
  const pen = canvas.getContext("2d");
  if (pen === null) return () => undefined;
  let waiting = 0;
  let settling: ReturnType<typeof setTimeout> | undefined;
  let shown: Picture[] = [];
  let width = 0;
  let isMarked = false;
  const hasPictures = lanes.some((lane) => lane.name === "pictures");

  const render = (): void => {
    waiting = 0;
    draw(pen, {
      lanes, width, pictures: shown, range: scope.range.peek(), now: scope.now(), playhead: scope.at.peek(), marks: scope.marks.peek(),
      timeline: station.timeline.peek(), coarse: station.coarse.peek(), fine: station.fine.peek(), palette: palette.peek(), unnamed: t("unnamed"),
    });
    markOnce();
  };
  // For whoever measures how long a day takes to be seen (benchmarks/page.py).
  const markOnce = (): void => {
    if (isMarked || station.timeline.peek() === null || station.coarse.peek() === null) return;
    isMarked = true;
    performance.mark("day-drawn");
  };
  const soon = (): void => {
    if (waiting === 0) waiting = requestAnimationFrame(render);
  };
  const pictures = new Pictures(station, () => gather());
  const gather = (): void => {
    shown = pictures.of(scope.range.peek(), width);
    soon();
  };
  const resize = new ResizeObserver(() => {
    const ratio = devicePixelRatio;
    width = canvas.clientWidth;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(heightOf(lanes) * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    render();
    if (hasPictures) gather();
  });
  resize.observe(canvas);
  const stop = effect(() => {
    for (const seen of [scope.range, scope.at, scope.marks, station.timeline, station.coarse, station.fine, palette, language]) seen.value;
    soon();
  });
  const stopGathering = effect(() => {
    for (const seen of [scope.range, station.timeline, station.place]) seen.value;
    if (!hasPictures) return;
    clearTimeout(settling);
    settling = setTimeout(gather, FETCH_AFTER_MS);
  });
  const ticking = setInterval(() => scope.follows.peek() || span(scope.range.peek()) < HOUR ? soon() : undefined, 1000);
  const found = lanes.find((lane) => lane.name === "findings");
  const snap = (ms: number, _x: number, y: number): number => {
    const near = (SNAP_PX / width) * span(scope.range.peek());
    if (found !== undefined && y >= found.top && y < found.top + found.height) return foundAt(station.timeline.peek(), ms, near)[0]?.start_ms ?? ms;
    return station.boundaries.peek().find((moment) => Math.abs(moment - ms) < near) ?? ms;
  };
  const stopFollowing = follow(canvas, scope, snap);
  return () => {
    stop();
    stopGathering();
    stopFollowing();
    resize.disconnect();
    clearInterval(ticking);
    clearTimeout(settling);
    cancelAnimationFrame(waiting);
  };
}
