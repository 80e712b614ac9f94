// Draws a channel's timeline on a canvas, lane below lane. Everything is drawn anew each time: a day costs about a millisecond.

import { summary } from "../../findings";
import { clock, day, minute } from "../../time";
import { clamp, DAY, endOf, firstStep, MINUTE, niceStep, type Range, SECOND, span, type Timeline } from "./model";
import type { Palette } from "./palette";
import type { Curves, Measured } from "./station";

export interface Lane {
  name: LaneName;
  top: number;
  height: number;
}
export type LaneName = "ruler" | "pictures" | "programmes" | "segments" | "findings" | "notes" | "schedule" | "score" | "level";

const HEIGHTS: Record<LaneName, number> = {
  ruler: 24, pictures: 66, programmes: 28, segments: 28, findings: 20, notes: 18, schedule: 22, score: 52, level: 38,
};
const BETWEEN = 3;

/** The lanes that there are, with their places. */
export function lanesOf(names: readonly LaneName[]): Lane[] {
  let top = 0;
  return names.map((name) => {
    const lane = { name, top, height: HEIGHTS[name] };
    top += lane.height + BETWEEN;
    return lane;
  });
}

export const heightOf = (lanes: readonly Lane[]): number => lanes.reduce((most, lane) => Math.max(most, lane.top + lane.height), 0);

export interface Picture {
  at: number;
  image: HTMLImageElement;
}

export interface Scene {
  lanes: readonly Lane[];
  width: number;
  range: Range;
  now: number;
  playhead: number;
  marks: { in: number | null; out: number | null };
  timeline: Timeline | null;
  coarse: Measured | null;
  fine: Measured | null;
  pictures: readonly Picture[];
  palette: Palette;
  unnamed: string;
}

const FONT = '12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const DARK_INK = "#10151f"; // on orange and grey, in both themes
const LEAST_WORD = 34;
const FLOOR_DB = -60;
const LONGEST_STEP = 10 * SECOND; // between two samples; beyond it nothing was measured

type Pen = CanvasRenderingContext2D;

export function draw(pen: Pen, scene: Scene): void {
  const x = (at: number): number => ((at - scene.range.from) / span(scene.range)) * scene.width;
  pen.clearRect(0, 0, scene.width, heightOf(scene.lanes));
  pen.font = FONT;
  pen.textBaseline = "middle";
  for (const lane of scene.lanes) {
    pen.fillStyle = scene.palette.paper;
    if (lane.name !== "ruler") pen.fillRect(0, lane.top, scene.width, lane.height);
    PAINTERS[lane.name](pen, lane, scene, x);
  }
  drawMarks(pen, scene, x);
  drawNow(pen, scene, x);
  drawPlayhead(pen, scene, x);
}

type Painter = (pen: Pen, lane: Lane, scene: Scene, x: (at: number) => number) => void;

const PAINTERS: Record<LaneName, Painter> = {
  ruler: drawRuler,
  pictures: drawPictures,
  programmes: drawProgrammes,
  segments: drawSegments,
  findings: drawFindings,
  notes: drawNotes,
  schedule: drawSchedule,
  score: (pen, lane, scene, x) => drawCurve(pen, lane, scene, x, "score"),
  level: (pen, lane, scene, x) => drawCurve(pen, lane, scene, x, "level"),
};

function drawRuler(pen: Pen, lane: Lane, { range, width, palette, lanes }: Scene, x: (at: number) => number): void {
  const step = niceStep((span(range) / width) * 74);
  const tenths = (at: number): string => `${clock(at)}.${Math.floor((at % SECOND) / 100)}`;
  const word = step < SECOND ? tenths : step < MINUTE ? clock : minute;
  const bottom = heightOf(lanes);
  pen.textAlign = "left";
  for (let at = firstStep(range.from, step); at < range.to; at += step) {
    const left = Math.round(x(at));
    const isDay = firstStep(at, DAY) === at;
    pen.fillStyle = palette.line;
    pen.fillRect(left, 0, 1, bottom);
    pen.fillStyle = isDay ? palette.ink : palette.soft;
    pen.fillText(isDay ? day(at) : word(at), left + 4, lane.top + lane.height / 2);
  }
}

function drawPictures(pen: Pen, lane: Lane, { pictures }: Scene, x: (at: number) => number): void {
  for (const { at, image } of pictures) {
    if (!image.complete || image.naturalWidth === 0) continue;
    const wide = (lane.height * image.naturalWidth) / image.naturalHeight;
    pen.drawImage(image, x(at) + 1, lane.top, wide - 2, lane.height);
  }
}

/** A block with its name, cut off where it does not fit; only the visible part of it counts. */
function block(pen: Pen, lane: Lane, [left, right]: [number, number], width: number, text: string, ink: string): void {
  const [from, to] = [Math.max(0, left), Math.min(width, right)];
  pen.fillRect(from, lane.top, Math.max(1, to - from - (right < width ? 1 : 0)), lane.height);
  if (to - from < LEAST_WORD || text === "") return;
  pen.save();
  pen.beginPath();
  pen.rect(from, lane.top, to - from - 6, lane.height);
  pen.clip();
  pen.globalAlpha = 1;
  pen.fillStyle = ink;
  pen.textAlign = "left";
  pen.fillText(text, from + 6, lane.top + lane.height / 2 + 1);
  pen.restore();
}

function drawProgrammes(pen: Pen, lane: Lane, { timeline, range, now, width, palette, unnamed }: Scene, x: (at: number) => number): void {
  for (const { parts, title } of timeline?.programmes ?? []) {
    const [first, last] = [parts[0], parts.at(-1)];
    if (first === undefined || last === undefined) continue;
    const end = endOf(last[1], now);
    if (end < range.from || first[0] > range.to) continue;
    pen.fillStyle = palette.programme;
    pen.globalAlpha = 0.18;
    block(pen, lane, [x(first[0]), x(end)], width, title ?? unnamed, title === null ? palette.soft : palette.ink);
    pen.globalAlpha = 1;
    pen.fillStyle = palette.programme;
    for (const [start, stop] of parts) {
      const left = clamp(x(start), 0, width);
      pen.fillRect(left, lane.top + lane.height - 3, Math.max(1, clamp(x(endOf(stop, now)), 0, width) - left), 3);
    }
  }
}

function drawSegments(pen: Pen, lane: Lane, scene: Scene, x: (at: number) => number): void {
  const { timeline, range, now, width, palette } = scene;
  let drawnTo = -1; // what is narrower than a pixel is drawn once a pixel
  for (const { kind, state, start_ms: start, end_ms: end, confidence } of timeline?.segments ?? []) {
    const stop = endOf(end, now);
    if (stop < range.from || start > range.to) continue;
    const [left, right] = [x(start), x(stop)];
    if (right < drawnTo + 0.5) continue;
    drawnTo = right;
    pen.fillStyle = palette[kind];
    pen.globalAlpha = state === "final" ? 1 : 0.6;
    const text = right - left > 70 ? `${Math.round(confidence * 100)} %` : "";
    block(pen, lane, [left, right], width, text, kind === "programme" ? palette["on-accent"] : DARK_INK);
    if (state !== "final") hatch(pen, lane, Math.max(0, left), Math.min(width, right), palette.card);
  }
  pen.globalAlpha = 1;
  for (const [start, end] of timeline?.gaps ?? []) {
    if (end < range.from || start > range.to) continue;
    const [left, right] = [clamp(x(start), 0, width), clamp(x(end), 0, width)];
    pen.globalAlpha = 0.25;
    pen.fillStyle = palette.gap;
    pen.fillRect(left, lane.top, Math.max(1, right - left), lane.height);
    pen.globalAlpha = 1;
    pen.fillRect(left, lane.top, Math.max(1, right - left), 2);
    pen.fillRect(left, lane.top + lane.height - 2, Math.max(1, right - left), 2);
  }
}

/** What is provisional may still move. */
function hatch(pen: Pen, lane: Lane, left: number, right: number, colour: string): void {
  if (right - left < 4) return;
  pen.save();
  pen.beginPath();
  pen.rect(left, lane.top, right - left, lane.height);
  pen.clip();
  pen.globalAlpha = 0.45;
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  for (let at = left - lane.height; at < right; at += 9) {
    pen.moveTo(at, lane.top + lane.height);
    pen.lineTo(at + lane.height, lane.top);
  }
  pen.stroke();
  pen.restore();
}

const LEAST_FINDING = 6; // pixels: what was there for seconds is found on a whole day, too

/** What is to be checked lies over what was judged; what was dismissed and what can't be told are outlines. */
function drawFindings(pen: Pen, lane: Lane, { timeline, range, palette, width }: Scene, x: (at: number) => number): void {
  const all = (timeline?.findings ?? []).filter(({ start_ms, end_ms }) => end_ms >= range.from && start_ms <= range.to);
  const judged = all.filter(({ verdict }) => verdict !== null);
  for (const finding of [...judged, ...all.filter(({ verdict }) => verdict === null)]) {
    const left = x(finding.start_ms);
    const right = Math.max(left + LEAST_FINDING, x(finding.end_ms));
    const colour = finding.verdict === "dismissed" ? palette.soft : finding.verdict === "confirmed" ? palette.bad : palette.warn;
    const isOutline = finding.verdict === "dismissed" || (finding.verdict === null && finding.reliability === "undecidable");
    pen.fillStyle = isOutline ? palette.paper : colour;
    block(pen, lane, [left, right], width, summary(finding), isOutline ? palette.ink : palette.card);
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.strokeRect(Math.max(-2, left) + 1, lane.top + 1, Math.min(width + 4, right) - Math.max(-2, left) - 2, lane.height - 2);
  }
}

function drawNotes(pen: Pen, lane: Lane, { timeline, range, palette }: Scene, x: (at: number) => number): void {
  const middle = lane.top + lane.height / 2;
  pen.fillStyle = palette.warn;
  for (const { at_ms: at } of timeline?.uncertain ?? []) {
    if (at < range.from || at > range.to) continue;
    const left = x(at);
    pen.beginPath();
    pen.moveTo(left, middle - 7);
    pen.lineTo(left + 6, middle);
    pen.lineTo(left, middle + 7);
    pen.lineTo(left - 6, middle);
    pen.fill();
  }
}

function drawSchedule(pen: Pen, lane: Lane, { timeline, range, palette, width }: Scene, x: (at: number) => number): void {
  for (const { title, start_ms: start, stop_ms: stop } of timeline?.schedule ?? []) {
    const end = stop ?? start + 30 * MINUTE;
    if (end < range.from || start > range.to) continue;
    pen.fillStyle = palette.line;
    block(pen, lane, [x(start), x(end)], width, title, palette.ink);
  }
}

type Bucket = Curves["score"][number];

/** The finer of the two where it reaches over all that is shown, else the coarser one. */
function measuredOf({ fine, coarse, range }: Scene): Measured | null {
  const isWhole = fine !== null && fine.range.from <= range.from && fine.range.to >= range.to;
  return isWhole ? fine : (coarse ?? fine);
}

function drawCurve(pen: Pen, lane: Lane, scene: Scene, x: (at: number) => number, which: "score" | "level"): void {
  const { range, palette } = scene;
  const height = lane.height - 6;
  const part = (value: number): number => (which === "score" ? clamp(value, 0, 1) : clamp((value - FLOOR_DB) / -FLOOR_DB, 0, 1));
  const y = (value: number): number => lane.top + 3 + height * (1 - part(value));
  if (which === "score") {
    pen.fillStyle = palette.line;
    pen.fillRect(0, Math.round(y(0.5)), scene.width, 1);
  }
  const measured = measuredOf(scene);
  if (measured === null) return;
  const inView = visible(measured.curves[which], range);
  const colour = which === "score" ? palette.accent : palette.good;
  for (const run of runsOf(inView, Math.max(measured.bucket * 4, LONGEST_STEP))) {
    pen.beginPath();
    run.forEach(([at, , , most], index) => (index === 0 ? pen.moveTo(x(at), y(most)) : pen.lineTo(x(at), y(most))));
    for (const [at, least] of run.toReversed()) pen.lineTo(x(at), y(least));
    pen.closePath();
    pen.fillStyle = colour;
    pen.globalAlpha = 0.28;
    pen.fill();
    pen.globalAlpha = 1;
    pen.beginPath();
    run.forEach(([at, , mean], index) => (index === 0 ? pen.moveTo(x(at), y(mean)) : pen.lineTo(x(at), y(mean))));
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.stroke();
  }
}

/** The buckets in view, and one more at each side. */
function visible(all: readonly Bucket[], range: Range): Bucket[] {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.[0] ?? 0) < range.from) low = middle + 1;
    else high = middle;
  }
  const first = Math.max(0, low - 1);
  let last = low;
  while (last < all.length && (all[last]?.[0] ?? 0) <= range.to) last++;
  return all.slice(first, last + 1);
}

/** Cuts a curve where nothing was measured: at steps that are too long. */
function runsOf(points: readonly Bucket[], longest: number): Bucket[][] {
  const runs: Bucket[][] = [];
  let run: Bucket[] = [];
  for (const point of points) {
    const before = run.at(-1);
    if (before !== undefined && point[0] - before[0] > longest) {
      runs.push(run);
      run = [];
    }
    run.push(point);
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

function drawMarks(pen: Pen, { marks, width, palette, lanes }: Scene, x: (at: number) => number): void {
  const bottom = heightOf(lanes);
  if (marks.in !== null && marks.out !== null) {
    const [left, right] = [clamp(x(marks.in), 0, width), clamp(x(marks.out), 0, width)];
    pen.globalAlpha = 0.16;
    pen.fillStyle = palette.good;
    pen.fillRect(left, 0, right - left, bottom);
    pen.globalAlpha = 1;
  }
  pen.fillStyle = palette.good;
  for (const [at, direction] of [[marks.in, 1], [marks.out, -1]] as const) {
    if (at === null) continue;
    const left = Math.round(x(at));
    pen.fillRect(left - 1, 0, 2, bottom);
    pen.fillRect(direction > 0 ? left : left - 7, 0, 7, 3);
    pen.fillRect(direction > 0 ? left : left - 7, bottom - 3, 7, 3);
  }
}

function drawNow(pen: Pen, { now, range, width, palette, lanes }: Scene, x: (at: number) => number): void {
  if (now >= range.to) return;
  const left = Math.max(0, x(now));
  const bottom = heightOf(lanes);
  pen.globalAlpha = 0.55;
  pen.fillStyle = palette.card;
  pen.fillRect(left, 0, width - left, bottom);
  pen.globalAlpha = 1;
  pen.fillStyle = palette.bad;
  pen.fillRect(Math.round(left) - 1, 0, 2, bottom);
}

function drawPlayhead(pen: Pen, { playhead, palette, lanes }: Scene, x: (at: number) => number): void {
  const left = Math.round(x(playhead));
  pen.fillStyle = palette.ink;
  pen.fillRect(left - 1, 0, 2, heightOf(lanes));
  pen.beginPath();
  pen.moveTo(left - 7, 0);
  pen.lineTo(left + 7, 0);
  pen.lineTo(left, 9);
  pen.fill();
}
