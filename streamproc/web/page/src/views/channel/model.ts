// What a day holds, and arithmetic on it. Times are Unix milliseconds; nothing here touches the page.

import type { Schemas } from "../../api";

export type Timeline = Schemas["DrawnTimeline"];
export type Segment = Timeline["segments"][number];
export type Programme = Timeline["programmes"][number];
export type Found = Timeline["findings"][number];
export type EpochSpan = Timeline["epochs"][number];

export interface Range {
  from: number;
  to: number;
}

/** A frame of a channel's recording. */
export interface Place {
  epoch: number;
  frame: number;
  /** Exact seconds in the epoch: "801/25". */
  time: string;
  ms: number;
}

export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const SHORTEST = 400;
export const LONGEST = 48 * HOUR;

export const span = (range: Range): number => range.to - range.from;
export const contains = (range: Range, at: number): boolean => at >= range.from && at < range.to;
export const share = (range: Range, at: number): number => (at - range.from) / span(range);
export const around = (at: number, wide: number): Range => ({ from: at - wide / 2, to: at + wide / 2 });
export const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** Makes a range `factor` times as long, about a moment that stays where it is. */
export function zoomed(range: Range, factor: number, about: number): Range {
  const wide = clamp(span(range) * factor, SHORTEST, LONGEST);
  const from = about - share(range, about) * wide;
  return { from, to: from + wide };
}

export const moved = (range: Range, by: number): Range => ({ from: range.from + by, to: range.to + by });

/** The first whole step of local time at or after a moment; steps are counted from local midnight. */
export function firstStep(at: number, step: number): number {
  const offset = new Date(at).getTimezoneOffset() * MINUTE;
  return Math.ceil((at - offset) / step) * step + offset;
}

const STEPS = [
  100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY,
];

/** The shortest step of tenths of seconds, seconds, minutes or hours that is at least so long. */
export const niceStep = (least: number): number => STEPS.find((step) => step >= least) ?? DAY;

/** Where something that may still run ends by now. */
export const endOf = (end: number | null, now: number): number => end ?? now;

/** The epoch that is recorded at a moment; the last one also a little beyond what is known of it. */
export function epochAt(timeline: Timeline | null, at: number): EpochSpan | null {
  return timeline?.epochs.find((epoch) => at >= epoch.start_ms && (epoch.end_ms === null || at < epoch.end_ms)) ?? null;
}

/** The moments that the up and down keys go to, in order and without doubles. */
export function boundaries(timeline: Timeline): number[] {
  const found = new Set<number>();
  for (const segment of timeline.segments) {
    found.add(segment.start_ms);
    if (segment.end_ms !== null) found.add(segment.end_ms);
  }
  for (const [start, end] of timeline.gaps) found.add(start).add(end);
  return [...found].sort((one, other) => one - other);
}

const NEAR = 10;

export const boundaryAfter = (moments: readonly number[], at: number): number | null => moments.find((moment) => moment > at + NEAR) ?? null;
export const boundaryBefore = (moments: readonly number[], at: number): number | null => moments.findLast((moment) => moment < at - NEAR) ?? null;

/** Where the next finding after a moment begins, and the one before it; null where there is none. */
export const findingAfter = (timeline: Timeline | null, at: number): number | null => boundaryAfter(findingStarts(timeline), at);
export const findingBefore = (timeline: Timeline | null, at: number): number | null => boundaryBefore(findingStarts(timeline), at);
const findingStarts = (timeline: Timeline | null): number[] => (timeline?.findings ?? []).map(({ start_ms }) => start_ms).sort((one, other) => one - other);

export interface Known {
  segment: Segment | null;
  programme: Programme | null;
  /** Which of the programme's parts, from 1; null in a break. */
  part: number | null;
  isGap: boolean;
  scheduled: string | null;
  /** What forensics found there. */
  findings: readonly Found[];
}

/** What is found within so many milliseconds of a moment; what waits for a look first. */
export function foundAt(timeline: Timeline | null, at: number, near = 0): Found[] {
  const hits = timeline?.findings.filter(({ start_ms, end_ms }) => at >= start_ms - near && at <= end_ms + near) ?? [];
  return hits.sort((one, other) => Number(one.verdict !== null) - Number(other.verdict !== null));
}

/** What is known of a moment; of findings also those within so many milliseconds. */
export function knownAt(timeline: Timeline | null, at: number, near = 0): Known {
  const within = (start: number, end: number | null): boolean => at >= start && (end === null || at < end);
  const segment = timeline?.segments.find((one) => within(one.start_ms, one.end_ms)) ?? null;
  const programme = timeline?.programmes.find(({ parts }) => within(parts[0]?.[0] ?? Infinity, parts.at(-1)?.[1] ?? null)) ?? null;
  const part = programme?.parts.findIndex(([start, end]) => within(start ?? Infinity, end ?? null)) ?? -1;
  return {
    segment,
    programme,
    part: part < 0 ? null : part + 1,
    isGap: timeline?.gaps.some(([start, end]) => start !== undefined && end !== undefined && at >= start && at < end) ?? false,
    scheduled: timeline?.schedule.find((one) => within(one.start_ms, one.stop_ms))?.title ?? null,
    findings: foundAt(timeline, at, near),
  };
}
