// One channel as it is looked at: what is known of its day, fetched as far as it is shown, and where exactly its playhead is.

import { computed, effect, signal } from "@preact/signals";
import { ApiError, get, type Schemas } from "../../api";
import { listenInBursts } from "../../live";
import { rate } from "../../time";
import { boundaries, type EpochSpan, epochAt, HOUR, type Known, knownAt, type Place, type Range, SECOND, span, type Timeline } from "./model";
import type { Scope } from "./scope";

export type Curves = Schemas["Curves"];

/** A part of the curves, with the stretch that it was asked for. */
export interface Measured {
  range: Range;
  /** How much time one value stands for at most, milliseconds. */
  bucket: number;
  curves: Curves;
}

const BURST_MS = 700;
const SETTLED_MS = 180;
const STANDS_MS = 60;
const LEAST_LOADED = 24 * HOUR;
const POINTS = 1500;
const UNSURE_MS = 2000; // a feed may have broken off in between
const GROWTH_MS = 2500; // how often the live edge of the curves is got
const RETRY_MS = 5000;
const REFRESH_MS = 30_000;

export const base = (name: string): string => `/api/v1/channels/${encodeURIComponent(name)}`;
const iso = (ms: number): string => new Date(ms).toISOString();
const holds = (outer: Range, inner: Range): boolean => outer.from <= inner.from && outer.to >= inner.to;

export class Station {
  readonly timeline = signal<Timeline | null>(null);
  readonly error = signal<Error | null>(null);
  /** The whole of what is loaded, coarsely, and what is shown, finely. */
  readonly coarse = signal<Measured | null>(null);
  readonly fine = signal<Measured | null>(null);
  /** The frame under the playhead while it stands; null while that is not known. */
  readonly place = signal<Place | null>(null);
  readonly known = computed(() => knownAt(this.timeline.value, this.scope.at.value));
  readonly boundaries = computed(() => (this.timeline.value === null ? [] : boundaries(this.timeline.value)));

  private loaded: Range | null = null;
  private measured = 0;
  private asked: AbortController | null = null;
  private askedFine: AbortController | null = null;
  private resolving: AbortController | null = null;

  constructor(readonly name: string, readonly scope: Scope) {}

  /** Fetches, and goes on fetching as the view moves and as things happen. Returns how to stop. */
  start(): () => void {
    let standing: ReturnType<typeof setTimeout> | undefined;
    let settling: ReturnType<typeof setTimeout> | undefined;
    const stopListening = listenInBursts(
      ["segment", "segment-removed", "boundary", "epoch", "gap", "programme", "review", "edit", "channel", "finding"],
      BURST_MS,
      () => void this.load(),
      (notice) => notice.channel === this.name,
    );
    const stopMoving = effect(() => {
      const range = this.scope.range.value;
      if (this.loaded === null || !holds(this.loaded, range)) void this.load();
      clearTimeout(settling);
      settling = setTimeout(() => void this.measure(range), SETTLED_MS);
    });
    const stopSettling = effect(() => {
      const at = this.scope.at.value;
      clearTimeout(standing);
      if (this.scope.speed.value !== 0) this.place.value = null;
      else if (this.timeline.value !== null && this.place.peek()?.ms !== at) standing = setTimeout(() => void this.settle(at), STANDS_MS);
    });
    const refresh = setInterval(() => {
      if (this.scope.follows.peek()) void this.load();
    }, REFRESH_MS);
    return () => {
      stopListening();
      stopMoving();
      stopSettling();
      clearTimeout(standing);
      clearInterval(refresh);
      clearTimeout(settling);
      for (const control of [this.asked, this.askedFine, this.resolving]) control?.abort();
    };
  }

  /** Gets the day about what is shown: at least twelve hours to both sides, so that zooming out seldom waits. */
  async load(): Promise<void> {
    const range = this.scope.range.peek();
    const margin = Math.max(LEAST_LOADED / 2, span(range) / 2);
    const wanted = { from: range.from - margin, to: range.to + margin };
    this.loaded = wanted;
    this.asked?.abort();
    const control = new AbortController();
    this.asked = control;
    const query = `from=${iso(wanted.from)}&to=${iso(wanted.to)}`;
    try {
      const timeline = await get<Timeline>(`${base(this.name)}/timeline?${query}`, control.signal);
      this.timeline.value = timeline;
      this.scope.skew.value = timeline.now - Date.now();
      const last = timeline.epochs.at(-1);
      if (last !== undefined && last.recorded_ms !== null) this.scope.rest(last.recorded_ms - SECOND);
      this.error.value = null;
      const curves = await this.curves(`${query}&points=${POINTS}`, control.signal);
      this.coarse.value = { range: wanted, bucket: span(wanted) / POINTS, curves };
    } catch (problem) {
      if (control.signal.aborted) return;
      this.error.value = problem as Error;
      setTimeout(() => {
        if (!control.signal.aborted) this.loaded = null;
      }, RETRY_MS);
    }
  }

  private async curves(query: string, signal: AbortSignal): Promise<Curves> {
    return get<Curves>(`${base(this.name)}/curves?${query}`, signal);
  }

  private async measure(shown: Range): Promise<void> {
    const before = this.fine.peek();
    const wide = span(shown);
    // What lies in view already, fine enough, stays; the live edge is got again.
    const isOver = shown.to < this.scope.now();
    if (before && holds(before.range, shown) && span(before.range) < wide * 4 && (isOver || Date.now() - this.measured < GROWTH_MS)) return;
    this.measured = Date.now();
    this.askedFine?.abort();
    const control = new AbortController();
    this.askedFine = control;
    const range = { from: shown.from - wide, to: shown.to + wide };
    const query = `from=${iso(range.from)}&to=${iso(range.to)}&points=${POINTS * 2}`;
    try {
      this.fine.value = { range, bucket: span(range) / (POINTS * 2), curves: await this.curves(query, control.signal) };
    } catch (problem) {
      if (!control.signal.aborted) this.error.value = problem as Error;
    }
  }

  /** Finds the frame that is shown at a moment; null where nothing is recorded. */
  async frameAt(ms: number, signal?: AbortSignal): Promise<Place | null> {
    const epoch = epochAt(this.timeline.peek(), ms);
    if (epoch === null || !this.isRecorded(epoch, ms)) return null;
    return this.frame(epoch.epoch, `time=${Math.max(0, (ms - epoch.start_ms) / 1000).toFixed(6)}`, signal);
  }

  /** Finds the frame that lies so many frames from another; the first or last one where there are no more. */
  async frameFrom(place: Place, by: number, signal?: AbortSignal): Promise<Place | null> {
    const wanted = Math.max(0, place.frame + Math.min(by, Math.max(0, this.framesLeft(place))));
    return this.frame(place.epoch, `frame=${wanted}`, signal);
  }

  hasFrame(place: Place, by: number): boolean {
    return place.frame + by >= 0 && by <= this.framesLeft(place);
  }

  /** How many frames are recorded after one. */
  private framesLeft(place: Place): number {
    const epoch = this.timeline.peek()?.epochs.find((one) => one.epoch === place.epoch);
    if (epoch === undefined) return 0;
    return Math.floor(((this.recordedUntil(epoch) - place.ms) * rate(epoch.frame_rate ?? "25")) / SECOND - 0.5);
  }

  /** Up to when an epoch is recorded: of one that grows as it was when it was asked for, and the time since then. */
  recordedUntil(epoch: EpochSpan): number {
    const timeline = this.timeline.peek();
    if (timeline === null || epoch.recorded_ms === null) return -Infinity;
    if (epoch.end_ms !== null) return epoch.recorded_ms;
    return epoch.recorded_ms + Math.max(0, this.scope.now() - timeline.now - UNSURE_MS);
  }

  private isRecorded(epoch: EpochSpan, ms: number): boolean {
    return epoch.kept_from_ms !== null && ms >= epoch.kept_from_ms && ms < this.recordedUntil(epoch);
  }

  private async frame(epoch: number, query: string, signal?: AbortSignal): Promise<Place | null> {
    const span = this.timeline.peek()?.epochs.find((one) => one.epoch === epoch);
    try {
      const shown = await get<Schemas["ShownFrame"]>(`${base(this.name)}/frames/${epoch}?${query}`, signal);
      const ms = span === undefined ? Date.parse(shown.utc) : span.start_ms + shown.time_s * 1000;
      return { epoch, frame: shown.frame, time: shown.time, ms };
    } catch (problem) {
      // Beyond the end, deleted, or never recorded: there is no frame, which is an answer.
      if (problem instanceof ApiError && [404, 410, 416].includes(problem.status)) return null;
      throw problem;
    }
  }

  /** Says which frame the playhead stands on, as soon as that is known. */
  async settle(ms: number): Promise<void> {
    const place = this.place.peek();
    if (place !== null && place.ms === ms) return;
    this.place.value = null;
    this.resolving?.abort();
    const control = new AbortController();
    this.resolving = control;
    try {
      const found = await this.frameAt(ms, control.signal);
      if (!control.signal.aborted) this.place.value = found;
    } catch (problem) {
      if (!control.signal.aborted) this.error.value = problem as Error;
    }
  }

  /** Where the playhead is: the beginning of the frame that it stands on, where that is known. */
  exactly(): number {
    const [at, place] = [this.scope.at.peek(), this.place.peek()];
    const frameMs = SECOND / rate(epochAt(this.timeline.peek(), at)?.frame_rate ?? "25");
    // Just moved, the playhead may be elsewhere than the frame that was found last.
    return place !== null && at >= place.ms && at < place.ms + frameMs ? place.ms : at;
  }

  /** What is known of a moment; of findings also those within so many milliseconds. */
  knownAt(ms: number, near = 0): Known {
    return knownAt(this.timeline.value, ms, near);
  }

  picture(place: { epoch: number; frame: number }, width: number): string {
    return `${base(this.name)}/frames/${place.epoch}/${place.frame}.jpg?width=${width}`;
  }

  /** The address of the keyframe before a moment; null where nothing is kept. */
  thumbnail(ms: number, width: number): string | null {
    const epoch = epochAt(this.timeline.value, ms);
    if (epoch === null || !this.isRecorded(epoch, ms)) return null;
    return `${base(this.name)}/thumbnails/${epoch.epoch}/${Math.floor((ms - epoch.start_ms) / 1000)}.jpg?width=${width}`;
  }
}
